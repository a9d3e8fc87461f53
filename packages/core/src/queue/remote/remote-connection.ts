import { selectTransport } from '../../client/select-transport.js';
import { abortable } from '../../concurrency/abortable.js';
import { throwIfAborted } from '../../concurrency/throw-if-aborted.js';
import { queueMethods } from '../../protocol/queue-methods.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import type { Params, Result, StreamEvent } from '../../rpc/define-methods.js';
import { type CallOptions, RpcClient } from '../../rpc/rpc-client.js';
import {
	type Clock,
	ContainerBuilderError,
	type Endpoint,
	type ErrorCode,
	type RelayUse,
	type Transport,
} from '../../spec/index.js';
import { backoffMs } from '../../time/backoff.js';
import { KeepAlive } from '../../time/keep-alive.js';
import { pause } from '../../time/pause.js';
import type { QueueChallenge, QueueCredentials } from './queue-credentials.js';

type QueueMethods = typeof queueMethods;
type QueueClient = RpcClient<QueueMethods>;

const CONNECT_PAUSES = { firstMs: 100, maxMs: 5_000 };
/** A connection that stood for so long was a good one. */
const STABLE_MS = 10_000;
/** How often in a row one call may lose connections that were not. */
const MOST_LOSSES = 8;
/** How many challenges in a row are answered: a queue that has started anew meanwhile has another one. */
const MOST_ANSWERS = 2;
/** What another try may mend. */
const PASSING: readonly ErrorCode[] = ['builder-unreachable', 'connection-lost', 'busy'];

/** Options of {@link RemoteConnection}. */
export interface RemoteConnectionOptions {
	readonly endpoint: Endpoint;
	readonly transports: readonly Transport[];
	/** A secret, or where it comes from. */
	readonly token: string | QueueCredentials | undefined;
	readonly insecure: boolean;
	readonly relay: RelayUse;
	readonly clock: Clock;
	/** How long the first connection may take, tries included. */
	readonly connectTimeoutMs: number;
	/** How long a connection that stood may be gone. */
	readonly reconnectTimeoutMs: number;
}

/** The one channel to a queue: made when it is needed, made anew when it broke. */
export class RemoteConnection {
	readonly #options: RemoteConnectionOptions;
	readonly #stop = new AbortController();
	readonly #alive = new KeepAlive();
	#client: Promise<QueueClient> | undefined;
	#stoodBefore = false;

	constructor(options: RemoteConnectionOptions) {
		this.#options = options;
	}

	get endpoint(): Endpoint {
		return this.#options.endpoint;
	}

	/** Whether builders are reached through the queue. */
	get relay(): RelayUse {
		return this.#options.relay;
	}

	/** Aborts when the connection is closed for good. */
	get signal(): AbortSignal {
		return this.#stop.signal;
	}

	/**
	 * Calls a method, and again on the next connection when the one it went over broke: all methods can be repeated.
	 * `params` may tell the repetition where to go on.
	 */
	async call<N extends keyof QueueMethods & string>(
		method: N,
		params: Params<QueueMethods, N> | (() => Params<QueueMethods, N>),
		options: CallOptions<StreamEvent<QueueMethods, N>> = {},
	): Promise<Result<QueueMethods, N>> {
		const { signal } = options;
		const { clock } = this.#options;
		for (let losses = 0; ; losses++) {
			throwIfAborted(signal);
			this.#throwIfClosed();
			const client = await abortable(this.#connect(), signal);
			const since = clock.now();
			try {
				return await client.call(method, typeof params === 'function' ? params() : params, options);
			} catch (error) {
				this.#throwIfClosed();
				if (ContainerBuilderError.from(error).code !== 'connection-lost') throw error;
				this.#forget(client);
				if (clock.now() - since > STABLE_MS) losses = 0;
				if (losses >= MOST_LOSSES) throw this.#unreachable(error);
				await this.#pause(backoffMs(losses, CONNECT_PAUSES), signal);
			}
		}
	}

	/** Idempotent; calls under way reject. */
	async close(): Promise<void> {
		this.#stop.abort();
		const client = await this.#client?.catch(() => undefined);
		await client?.close();
	}

	#connect(): Promise<QueueClient> {
		this.#client ??= this.#dial().then(
			(client) => {
				this.#stoodBefore = true;
				void client.closed.then(() => this.#forget(client));
				return client;
			},
			(error: unknown) => {
				this.#client = undefined;
				throw error;
			},
		);
		return this.#client;
	}

	#forget(client: QueueClient): void {
		void this.#client?.then(
			(current) => {
				if (current === client) this.#client = undefined;
			},
			() => {},
		);
	}

	async #dial(): Promise<QueueClient> {
		const { endpoint, transports, insecure, clock } = this.#options;
		const limitMs = this.#stoodBefore ? this.#options.reconnectTimeoutMs : this.#options.connectTimeoutMs;
		const transport = selectTransport(transports, endpoint);
		const since = clock.now();
		let token = await this.#credentials(undefined);
		let answers = 0;
		for (let failures = 1; ; failures++) {
			const leftMs = limitMs - (clock.now() - since);
			try {
				const channel = await transport.connect(
					endpoint,
					{ channel: 'queue', version: PROTOCOL_VERSION, token },
					{ signal: this.#stop.signal, insecure, timeoutMs: Math.max(1, leftMs) },
				);
				return new RpcClient(channel, queueMethods);
			} catch (error) {
				this.#throwIfClosed();
				const { code, details } = ContainerBuilderError.from(error);
				if (code === 'unauthenticated' && typeof details?.challenge === 'string' && answers < MOST_ANSWERS) {
					answers++;
					const { challenge: text, peerFingerprint } = details;
					const shown = typeof peerFingerprint === 'string' ? peerFingerprint : undefined;
					token = await this.#credentials({ text, endpoint, peerFingerprint: shown });
					if (token !== undefined) continue;
				}
				if (code === 'unauthenticated') throw unknownHere(error);
				if (!PASSING.includes(code)) throw error;
				const pauseMs = backoffMs(failures, CONNECT_PAUSES);
				if (pauseMs >= leftMs) throw this.#unreachable(error);
				await this.#pause(pauseMs, this.#stop.signal);
			}
		}
	}

	async #credentials(challenge: QueueChallenge | undefined): Promise<string | undefined> {
		const { token } = this.#options;
		if (typeof token === 'function') return await token(challenge, { signal: this.#stop.signal });
		return challenge === undefined ? token : undefined;
	}

	/** Between two tries no socket keeps the process alive. */
	async #pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
		const letGo = this.#alive.hold();
		try {
			await pause(this.#options.clock, delayMs, signal);
		} finally {
			letGo();
		}
	}

	#unreachable(cause: unknown): ContainerBuilderError {
		const { message } = ContainerBuilderError.from(cause);
		const where = readable(this.#options.endpoint.url);
		const what = this.#stoodBefore ? 'has been lost' : 'cannot be reached';
		return new ContainerBuilderError('queue-unreachable', `the queue at ${where} ${what}: ${message}`, {
			cause,
			hint: 'Check --queue or CONTAINER_BUILDER_QUEUE, or build without a queue.',
		});
	}

	#throwIfClosed(): void {
		if (!this.#stop.signal.aborted) return;
		throw new ContainerBuilderError('canceled', 'the connection to the queue was closed');
	}
}

function unknownHere(cause: unknown): ContainerBuilderError {
	const { message, details, hint } = ContainerBuilderError.from(cause);
	return new ContainerBuilderError('unauthenticated', message, {
		...{ cause, details },
		hint:
			hint ?? 'Give a token of this queue: by CONTAINER_BUILDER_TOKEN, or token-file in your configuration.',
	});
}

/** Host and port of a URL, or the socket's path; never credentials. */
function readable(url: string): string {
	if (!URL.canParse(url)) return url;
	const { host, pathname } = new URL(url);
	return host === '' ? pathname : host;
}
