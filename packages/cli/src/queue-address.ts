import { ContainerBuilderError, type Endpoint, type RelayUse } from '@olcf/container-builder-core/spec';
import { readAuthorities } from './configuration/read-authorities.js';
import { readTokenFile } from './configuration/read-token-file.js';
import {
	type NamedQueue,
	NO_CONFIGURATION,
	type UserConfiguration,
} from './configuration/user-configuration.js';

const SCHEMES = ['wss:', 'ws:', 'ws+unix:'];
const ORIGINAL_PORT = '8080';

/** A queue somewhere else, and what is shown to it. */
export interface QueueAddress {
	readonly endpoint: Endpoint;
	/** A secret. */
	readonly token?: string | undefined;
	/** Of authorities that may have signed its certificate, PEM. @default those that Node knows */
	readonly ca?: string | undefined;
	/** Whether an unencrypted connection to another machine is allowed. */
	readonly insecure: boolean;
	/** Whether builders are reached through it; absent: where there is no other way. */
	readonly relay?: RelayUse | undefined;
}

/** What options may say of a queue. */
export interface QueueAddressOptions {
	readonly queue?: string | undefined;
	readonly 'queue-fingerprint'?: string | undefined;
	readonly 'queue-ca'?: string | undefined;
	readonly insecure?: boolean | undefined;
	readonly relay?: RelayUse | undefined;
}

/**
 * The queue that is named by `--queue`, by `CONTAINER_BUILDER_QUEUE`, by the original's `QUEUE_HOST` and `QUEUE_PORT`, or
 * by the user's configuration, in this order; the first two may use a name of the configuration. Undefined where none is.
 *
 * @throws ContainerBuilderError `invalid-option`; `invalid-configuration` where its token cannot be read
 */
export function queueAddress(
	options: QueueAddressOptions,
	environment: NodeJS.ProcessEnv,
	configuration: UserConfiguration = NO_CONFIGURATION,
): QueueAddress | undefined {
	const caFile = options['queue-ca'] ?? given(environment.CONTAINER_BUILDER_QUEUE_CA);
	const { url, named } = chosenQueue(options, environment, configuration);
	const fingerprint =
		options['queue-fingerprint'] ??
		given(environment.CONTAINER_BUILDER_QUEUE_FINGERPRINT) ??
		named?.fingerprint;
	if (url === undefined) {
		const needing = ['queue-fingerprint', 'queue-ca', 'insecure'] as const;
		if (needing.some((name) => options[name] !== undefined && options[name] !== false)) {
			throw new ContainerBuilderError(
				'invalid-option',
				'--queue-fingerprint, --queue-ca and --insecure need a queue',
				{
					hint: 'Name it by --queue, CONTAINER_BUILDER_QUEUE or your configuration.',
				},
			);
		}
		return undefined;
	}
	const ofFile = named?.tokenFile === undefined ? undefined : readTokenFile(named.tokenFile);
	const token = given(environment.CONTAINER_BUILDER_TOKEN) ?? ofFile;
	if (token !== undefined && url.startsWith('ws:')) {
		throw new ContainerBuilderError('invalid-option', `a token is never sent unencrypted, as to ${url}`, {
			hint: 'Use wss:, or give no token (CONTAINER_BUILDER_TOKEN, or the token-file of your configuration).',
		});
	}
	return {
		endpoint: { url, fingerprint: fingerprint === undefined ? undefined : normalFingerprint(fingerprint) },
		token,
		ca: readAuthorities(caFile ?? named?.caFile),
		insecure: options.insecure ?? named?.insecure ?? false,
		relay: options.relay,
	};
}

interface ChosenQueue {
	readonly url?: string | undefined;
	/** What the configuration says of it. */
	readonly named?: NamedQueue | undefined;
}

function chosenQueue(
	options: QueueAddressOptions,
	environment: NodeJS.ProcessEnv,
	{ path, queue, queues }: UserConfiguration,
): ChosenQueue {
	const urlOf = (name: string, { url }: NamedQueue): string => normalUrl(url, `queue ${name} of ${path}`);
	const find = (text: string, source: string): ChosenQueue => {
		const byName = Object.hasOwn(queues, text) ? queues[text] : undefined;
		if (byName !== undefined) return { url: urlOf(text, byName), named: byName };
		// As --detach --parsable prints it: its fingerprint and token are still known.
		const url = normalUrl(text, source);
		return { url, named: Object.entries(queues).find(([name, queue]) => urlOf(name, queue) === url)?.[1] };
	};
	if (options.queue !== undefined) return find(options.queue, '--queue');
	const variable = given(environment.CONTAINER_BUILDER_QUEUE);
	if (variable !== undefined) return find(variable, 'CONTAINER_BUILDER_QUEUE');
	const host = given(environment.QUEUE_HOST);
	if (host === undefined) return queue === undefined ? {} : find(queue, `queue of ${path}`);
	const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
	const url = `wss://${bracketed}:${given(environment.QUEUE_PORT) ?? ORIGINAL_PORT}`;
	return { url: normalUrl(url, 'QUEUE_HOST with QUEUE_PORT') };
}

/** `HOST` and `HOST:PORT` mean `wss:` and the original's port. */
function normalUrl(text: string, source: string): string {
	const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
	const candidate = hasScheme ? text : `wss://${/:\d+$/.test(text) ? text : `${text}:${ORIGINAL_PORT}`}`;
	const url = URL.canParse(candidate) ? new URL(candidate) : undefined;
	const isUnix = url?.protocol === 'ws+unix:';
	if (
		url === undefined ||
		!SCHEMES.includes(url.protocol) ||
		(isUnix ? url.pathname.length < 2 : url.hostname === '') ||
		url.username !== '' ||
		url.password !== ''
	) {
		throw new ContainerBuilderError('invalid-option', `${source} is no queue: ${text}`, {
			hint: 'Write wss://HOST:PORT, ws+unix:///SOCKET, or HOST[:PORT]; a token goes into CONTAINER_BUILDER_TOKEN.',
		});
	}
	return isUnix ? candidate : candidate.replace(/\/$/, '');
}

/** Colons and capitals, as openssl prints them, are taken too. */
function normalFingerprint(text: string): string {
	const digits = text
		.replace(/^sha256[:=]/i, '')
		.replaceAll(':', '')
		.toLowerCase();
	if (!/^[0-9a-f]{64}$/.test(digits)) {
		throw new ContainerBuilderError('invalid-option', `not a SHA-256 fingerprint: ${text}`, {
			hint: 'It has 64 hexadecimal digits; the queue prints it when it starts.',
		});
	}
	return digits;
}

function given(value: string | undefined): string | undefined {
	return value === undefined || value.trim() === '' ? undefined : value.trim();
}
