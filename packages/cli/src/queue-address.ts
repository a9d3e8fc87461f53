import { ContainerBuilderError, type Endpoint } from '@olcf/container-builder-core/spec';

const SCHEMES = ['wss:', 'ws:', 'ws+unix:'];
const ORIGINAL_PORT = '8080';

/** A queue somewhere else, and what is shown to it. */
export interface QueueAddress {
	readonly endpoint: Endpoint;
	/** A secret. */
	readonly token?: string | undefined;
	/** Whether an unencrypted connection to another machine is allowed. */
	readonly insecure: boolean;
}

/** What options may say of a queue. */
export interface QueueAddressOptions {
	readonly queue?: string | undefined;
	readonly 'queue-fingerprint'?: string | undefined;
	readonly insecure?: boolean | undefined;
}

/**
 * The queue that options and environment name: `--queue`, `CONTAINER_BUILDER_QUEUE`, or the original's
 * `QUEUE_HOST` and `QUEUE_PORT`, in this order. Undefined where none does.
 *
 * @throws ContainerBuilderError `invalid-option`
 */
export function queueAddress(
	options: QueueAddressOptions,
	environment: NodeJS.ProcessEnv,
): QueueAddress | undefined {
	const url = queueUrl(options, environment);
	const fingerprint = options['queue-fingerprint'] ?? given(environment.CONTAINER_BUILDER_QUEUE_FINGERPRINT);
	if (url === undefined) {
		if (options['queue-fingerprint'] !== undefined || options.insecure === true) {
			throw new ContainerBuilderError('invalid-option', '--queue-fingerprint and --insecure need a queue', {
				hint: 'Name it by --queue or CONTAINER_BUILDER_QUEUE.',
			});
		}
		return undefined;
	}
	const token = given(environment.CONTAINER_BUILDER_TOKEN);
	if (token !== undefined && url.startsWith('ws:')) {
		throw new ContainerBuilderError('invalid-option', `a token is never sent unencrypted, as to ${url}`, {
			hint: 'Use wss:, or unset CONTAINER_BUILDER_TOKEN.',
		});
	}
	return {
		endpoint: { url, fingerprint: fingerprint === undefined ? undefined : normalFingerprint(fingerprint) },
		token,
		insecure: options.insecure ?? false,
	};
}

function queueUrl(options: QueueAddressOptions, environment: NodeJS.ProcessEnv): string | undefined {
	if (options.queue !== undefined) return normalUrl(options.queue, '--queue');
	const variable = given(environment.CONTAINER_BUILDER_QUEUE);
	if (variable !== undefined) return normalUrl(variable, 'CONTAINER_BUILDER_QUEUE');
	const host = given(environment.QUEUE_HOST);
	if (host === undefined) return undefined;
	const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
	return normalUrl(
		`wss://${bracketed}:${given(environment.QUEUE_PORT) ?? ORIGINAL_PORT}`,
		'QUEUE_HOST with QUEUE_PORT',
	);
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
