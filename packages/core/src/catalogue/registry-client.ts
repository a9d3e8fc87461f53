import { Agent } from 'node:https';
import type { Response } from 'node-fetch';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { type AbortOptions, ContainerBuilderError } from '../spec/index.js';
import { parseChallenge } from './parse-challenge.js';

const ANSWER_LIMIT_MS = 30_000;
const MAX_ANSWER_BYTES = 16 * 2 ** 20;

/** Who one is at a registry. */
export interface RegistryCredentials {
	readonly username: string;
	readonly password: string;
}

/** Options of {@link RegistryClient}. */
export interface RegistryClientOptions {
	/** Scheme, host and port. */
	readonly registry: URL;
	readonly credentials?: RegistryCredentials | undefined;
	/** Certificates to trust beside the usual ones, PEM. */
	readonly ca?: string | undefined;
}

/**
 * Asks a registry of the OCI distribution API for JSON; logs in as the registry wants it, with a bearer token for
 * each scope or with basic authentication. The one file that knows node-fetch.
 */
export class RegistryClient {
	readonly #options: RegistryClientOptions;
	readonly #agent: Agent | undefined;
	/** By scope. */
	readonly #authorizations = new Map<string, Promise<string | undefined>>();

	constructor(options: RegistryClientOptions) {
		this.#options = options;
		this.#agent = options.ca === undefined ? undefined : new Agent({ ca: options.ca, keepAlive: true });
	}

	/** The answer to a path, and the path of the next page where there is one. */
	async get(
		path: string,
		scope: string,
		options: AbortOptions = {},
	): Promise<{ readonly body: unknown; readonly next?: string | undefined }> {
		const url = new URL(path, this.#options.registry);
		let response = await this.#fetch(url, await this.#authorizations.get(scope), options);
		if (response.status === 401) {
			const challenge = response.headers.get('www-authenticate') ?? '';
			await discard(response);
			const authorization = this.#authorize(challenge, scope, options);
			this.#authorizations.set(scope, authorization);
			response = await this.#fetch(url, await authorization, options);
		}
		if (!response.ok) throw await this.#refusal(response, url);
		const body = await this.#json(response, url);
		const next = nextPage(response.headers.get('link'), url);
		if (next !== undefined && next.origin !== url.origin) {
			throw new ContainerBuilderError('protocol', `the registry ${url.host} leads to ${next.host}`);
		}
		return { body, next: next && next.pathname + next.search };
	}

	close(): void {
		this.#agent?.destroy();
	}

	async #authorize(challenge: string, scope: string, options: AbortOptions): Promise<string | undefined> {
		const { credentials, registry } = this.#options;
		const basic =
			credentials &&
			`Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
		const { scheme, parameters } = parseChallenge(challenge);
		if (scheme !== 'bearer') return basic;
		const { realm, service } = parameters;
		if (realm === undefined || !URL.canParse(realm)) {
			throw new ContainerBuilderError('protocol', `the registry ${registry.host} names no token service`);
		}
		const url = new URL(realm);
		if (url.protocol !== 'https:' && url.protocol !== registry.protocol) {
			throw new ContainerBuilderError(
				'forbidden',
				`the registry ${registry.host} wants the password sent unencrypted to ${url.host}`,
			);
		}
		if (service !== undefined) url.searchParams.set('service', service);
		url.searchParams.set('scope', parameters.scope ?? scope);
		const response = await this.#fetch(url, basic, options);
		if (!response.ok) throw await this.#refusal(response, url);
		const body = await this.#json(response, url);
		const token = stringOf(body, 'token') ?? stringOf(body, 'access_token');
		if (token !== undefined) return `Bearer ${token}`;
		throw new ContainerBuilderError('protocol', `the token service ${url.host} gave no token`);
	}

	async #fetch(url: URL, authorization: string | undefined, { signal }: AbortOptions): Promise<Response> {
		throwIfAborted(signal);
		const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
		const controller = new AbortController();
		const onAbort = (): void => controller.abort();
		limit.addEventListener('abort', onAbort, { once: true });
		signal?.addEventListener('abort', onAbort, { once: true });
		try {
			// Only who lists images pays for loading it.
			const { default: fetch } = await import('node-fetch');
			return await fetch(url, {
				headers: { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) },
				...(url.protocol === 'https:' && this.#agent !== undefined ? { agent: this.#agent } : {}),
				redirect: 'manual',
				size: MAX_ANSWER_BYTES,
				signal: controller.signal,
			});
		} catch (cause) {
			if (signal?.aborted) throw new ContainerBuilderError('canceled', 'canceled', { cause });
			const why = limit.aborted ? `no answer within ${ANSWER_LIMIT_MS / 1000} s` : messageOf(cause);
			throw new ContainerBuilderError(
				'provider-unavailable',
				`the registry ${url.host} cannot be asked: ${why}`,
				{
					cause,
					hint: 'Check the URL of the registry, and its certificate.',
				},
			);
		} finally {
			signal?.removeEventListener('abort', onAbort);
		}
	}

	async #json(response: Response, url: URL): Promise<unknown> {
		try {
			return await response.json();
		} catch (cause) {
			throw new ContainerBuilderError('protocol', `the registry ${url.host} did not answer with JSON`, {
				cause,
				hint: 'Is there a registry at this URL?',
			});
		}
	}

	async #refusal(response: Response, url: URL): Promise<ContainerBuilderError> {
		const { status } = response;
		await discard(response);
		const what = `${url.host}${url.pathname}`;
		if (status === 401 || status === 403) {
			const how = this.#options.credentials === undefined ? 'without credentials' : 'with these credentials';
			return new ContainerBuilderError('forbidden', `the registry does not show ${what} ${how}`, {
				hint: 'Check user name and password of the catalogue.',
			});
		}
		if (status === 404) {
			return new ContainerBuilderError('not-found', `the registry has no ${what}`, {
				hint: 'Check the name of the repository; some registries list none of their repositories: name them.',
			});
		}
		const message = `the registry answers ${status} ${response.statusText} to ${what}`;
		return new ContainerBuilderError('provider-unavailable', message, {
			retryable: status >= 500 || status === 429,
		});
	}
}

/** The target of `<…>; rel="next"`. */
function nextPage(link: string | null, base: URL): URL | undefined {
	const target = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
	return target !== undefined && URL.canParse(target, base.href) ? new URL(target, base) : undefined;
}

function stringOf(body: unknown, key: string): string | undefined {
	if (typeof body !== 'object' || body === null) return undefined;
	const value: unknown = Reflect.get(body, key);
	return typeof value === 'string' ? value : undefined;
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

async function discard(response: Response): Promise<void> {
	await response.arrayBuffer().catch(() => {});
}
