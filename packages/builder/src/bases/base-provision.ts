import { mkdir } from 'node:fs/promises';
import {
	type BuildRequest,
	ContainerBuilderError,
	type Logger,
	type RegistryLogin,
	type RegistryMirror,
	type ResolvedBase,
	readRecipe,
} from '@olcf/container-builder-core';
import { buildEnvironment } from '../backends/build-environment.js';
import { makeMemoryDirectory } from '../build/memory-directory.js';
import { serveBases } from './base-mirror.js';
import { parseBaseReference } from './base-reference.js';
import { chooseLogin } from './choose-login.js';
import { fetchBases } from './fetch-bases.js';
import type { FetchMessage } from './fetch-messages.js';
import type { BroughtBase, FetchOutcome, WantedBase } from './fetch-types.js';
import { FetcherProcess } from './fetcher-process.js';
import { sifOfArtifact } from './sif-of-artifact.js';
import { type BroughtStart, withBroughtBases } from './with-brought-bases.js';

/** What a {@link BaseProvision} is made of. */
export interface BaseProvisionOptions {
	/** Starts `fetcherMain` in a process of its own; absent: bases that need a login are refused. */
	readonly fetchCommand: readonly [string, ...string[]] | undefined;
	readonly environment: NodeJS.ProcessEnv;
	readonly builderId: string;
	/** Whether the queue has logins of its own: then a process with a key for them is started at once. */
	readonly expectsLogins: boolean;
	readonly logger: Logger;
}

/** What of a build's request concerns its bases. */
export type BasesRequest = Pick<
	BuildRequest,
	'definition' | 'kind' | 'arguments' | 'target' | 'architecture'
> & { readonly logins: readonly RegistryLogin[] };

/** The bases of a build, as long as its backend runs. */
export interface ProvidedBases {
	readonly resolved: readonly ResolvedBase[];
	/** References of those that need a login, and there is none. */
	readonly refused: readonly string[];
	readonly mirrors: readonly RegistryMirror[];
	/** To be built instead of the one that was sent. */
	readonly definition: string;
	/** Nothing is served any more. Idempotent. */
	close(): Promise<void>;
}

/** Sees to a build's bases before its backend starts, and to it that no login is left when it does. */
export class BaseProvision {
	readonly #options: BaseProvisionOptions;
	readonly #environment: Record<string, string>;
	#keeper: FetcherProcess | undefined;
	#sealed: FetchMessage['sealed'];

	constructor(options: BaseProvisionOptions) {
		this.#options = options;
		const { HOME, SSL_CERT_FILE, SSL_CERT_DIR } = options.environment;
		this.#environment = {
			...buildEnvironment(options.environment, { terminal: false }),
			...(HOME === undefined ? {} : { HOME }),
			...(SSL_CERT_FILE === undefined ? {} : { SSL_CERT_FILE }),
			...(SSL_CERT_DIR === undefined ? {} : { SSL_CERT_DIR }),
		};
		if (options.expectsLogins && options.fetchCommand)
			this.#keeper = this.#startFetcher(options.fetchCommand);
	}

	/** What the queue is to seal its logins to, where it has said that it has some. Never rejects. */
	async publicKey(): Promise<string | undefined> {
		try {
			return await this.#keeper?.publicKey;
		} catch (error) {
			this.#options.logger.error({ error: String(error) }, 'there is no key for the logins of the queue');
			return undefined;
		}
	}

	/** Takes the queue's logins, which this process cannot read. */
	acceptSealed(box: string, leaseId: string): void {
		this.#sealed = { box, lease: { builderId: this.#options.builderId, leaseId } };
	}

	/**
	 * Looks the bases of a definition up, and brings those that need a login. When it has resolved, or rejected, nothing
	 * on this machine knows a login any more. Aborting ends it at once.
	 */
	async provide(
		request: BasesRequest,
		options: { readonly directory: string; readonly signal: AbortSignal },
	): Promise<ProvidedBases> {
		const { bases: fetched, refused } = await this.#fetch(request, options);
		const brought = fetched.filter((base): base is BroughtBase => base.directory !== undefined);
		const images = brought.filter(({ transport }) => transport === 'docker');
		const starts: BroughtStart[] = [];
		for (const base of brought) {
			if (base.transport !== 'oras') continue;
			starts.push({ base, bootstrap: 'localimage', from: await sifOfArtifact(base) });
		}
		const mirror = images.length > 0 ? await serveBases(images) : undefined;
		for (const base of images) {
			const { name } = parseBaseReference(base.reference);
			const location = mirror?.mirrors.find(({ prefix }) => prefix === name)?.location;
			starts.push({ base, bootstrap: 'docker', from: `${location}@${base.digest}` });
		}
		const { kind, definition } = request;
		return {
			resolved: fetched.map(({ reference, digest }) => ({ reference, digest })),
			refused,
			mirrors: mirror?.mirrors ?? [],
			definition: kind === 'apptainer' ? withBroughtBases(definition, request.arguments, starts) : definition,
			close: async () => await mirror?.close(),
		};
	}

	/** Ends the process that waits for the queue's logins, and forgets them. Idempotent. */
	async close(): Promise<void> {
		const keeper = this.#keeper;
		this.#keeper = undefined;
		this.#sealed = undefined;
		await keeper?.close();
	}

	async #fetch(
		request: BasesRequest,
		{ directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
	): Promise<FetchOutcome> {
		let fetcher = this.#keeper;
		const sealed = this.#sealed;
		try {
			const bases = await findBases(request);
			if (bases.length === 0) return { bases: [], refused: [] };
			await mkdir(directory, { mode: 0o711 });
			const { logins, architecture } = request;
			const needed = bases.find(({ reference }) => chooseLogin(logins, parseBaseReference(reference).name));
			if (needed) fetcher ??= this.#startFetcher(this.#fetchCommand(needed));
			if (!fetcher || (!needed && !sealed)) {
				const own = { bases, architecture, directory, logins: [], siteLogins: [] };
				return await fetchBases(own, { environment: this.#environment, signal });
			}
			const memory = await makeMemoryDirectory(this.#options.environment);
			const message = { bases, architecture, logins, directory, sealed, memoryDirectory: memory?.path };
			try {
				return await fetcher.fetch(message, signal);
			} finally {
				await fetcher.close();
				await memory?.remove();
			}
		} finally {
			await fetcher?.close();
			await this.close();
		}
	}

	#startFetcher(command: readonly [string, ...string[]]): FetcherProcess {
		return new FetcherProcess(command, this.#environment);
	}

	#fetchCommand({ reference }: WantedBase): readonly [string, ...string[]] {
		const { fetchCommand } = this.#options;
		if (fetchCommand) return fetchCommand;
		const { registry } = parseBaseReference(reference);
		throw new ContainerBuilderError(
			'unsupported',
			`this builder cannot log in to ${registry}, which ${reference} comes from`,
		);
	}
}

/** What an event may have. */
const MAX_BASES = 256;
const MAX_REFERENCE_LENGTH = 1024;

/** None where the definition cannot be read: its backend will say why. */
async function findBases(request: BasesRequest): Promise<readonly WantedBase[]> {
	const { definition, kind, target, architecture } = request;
	try {
		const recipe = await readRecipe(definition, { kind, arguments: request.arguments, target, architecture });
		return recipe.bases
			.filter(({ reference }) => reference.length <= MAX_REFERENCE_LENGTH)
			.slice(0, MAX_BASES)
			.map(({ transport, reference, otherPlatform }) => ({ transport, reference, otherPlatform }));
	} catch {
		return [];
	}
}
