import { canceledError } from '../concurrency/throw-if-aborted.js';
import { relayToken } from '../protocol/relay-token.js';
import { PROTOCOL_VERSION } from '../protocol/version.js';
import {
	type AbortOptions,
	type Channel,
	type ChannelName,
	ContainerBuilderError,
	type Endpoint,
	type Transport,
} from '../spec/index.js';
import { ReconnectBudget, type ReconnectOptions } from './reconnect-budget.js';
import { selectTransport } from './select-transport.js';

/** How long a daemon on this machine is looked for whose socket nobody listens on. */
const REFUSED_MS = 3_000;

/** Where a builder is and by which right one speaks to it. */
export interface BuilderLinkOptions extends ReconnectOptions {
	readonly id: string;
	readonly transports: readonly Transport[];
	readonly endpoint: Endpoint;
	/** Of the lease; a secret. */
	readonly token: string;
	/** Allows unencrypted connections. @default false */
	readonly insecure?: boolean | undefined;
}

/** Opens channels to one builder and closes those that are left. */
export class BuilderLink {
	readonly options: BuilderLinkOptions;
	/** Whether nobody else can see the bytes or pays for them: compressing them is a waste. */
	readonly local: boolean;
	readonly #transport: Transport;
	readonly #open = new Set<Channel>();
	#closed = false;

	constructor(options: BuilderLinkOptions) {
		this.options = options;
		this.#transport = selectTransport(options.transports, options.endpoint);
		// What the bytes cross first.
		const { url } = options.endpoint.relay?.endpoint ?? options.endpoint;
		this.local = /^(ws\+unix|memory):|^wss?:\/\/(localhost|127\.|\[::1\])/i.test(url);
	}

	/** Patience for one operation. */
	budget(): ReconnectBudget {
		const { url, relay } = this.options.endpoint;
		const isUnixSocket = relay === undefined && /^[^:]*\+unix:/i.test(url);
		return new ReconnectBudget(`the builder ${this.options.id}`, {
			...this.options,
			...(isUnixSocket ? { refusedMs: REFUSED_MS } : {}),
		});
	}

	/** One try to open a channel. Aborting the signal ends the channel, also when it is open. */
	async dial(name: ChannelName, { signal }: AbortOptions = {}): Promise<DialedChannel> {
		if (this.#closed) throw closedError();
		const { endpoint, token, insecure } = this.options;
		const through = await this.#relay(signal);
		const channel = await this.#transport
			.connect(endpoint, { channel: name, version: PROTOCOL_VERSION, token }, { signal, insecure, through })
			.catch((error: unknown) => {
				through?.abort(error);
				throw error;
			});
		if (this.#closed || signal?.aborted) {
			channel.abort('not wanted any more');
			throw signal?.aborted ? canceledError(signal) : closedError();
		}
		this.#open.add(channel);
		const onAbort = (): void => channel.abort(signal?.reason);
		signal?.addEventListener('abort', onAbort, { once: true });
		const forget = (): void => {
			this.#open.delete(channel);
			signal?.removeEventListener('abort', onAbort);
		};
		void channel.closed.then(forget);
		return {
			channel,
			finish: () => channel.close(),
			drop: () => {
				forget();
				channel.abort('done with it');
			},
		};
	}

	/** The way to the builder, where it leads through the queue. */
	async #relay(signal: AbortSignal | undefined): Promise<Channel | undefined> {
		const { endpoint, token, insecure, transports } = this.options;
		if (endpoint.relay === undefined) return undefined;
		const { endpoint: queue, leaseId } = endpoint.relay;
		return await selectTransport(transports, queue).connect(
			queue,
			{ channel: 'relay', version: PROTOCOL_VERSION, token: relayToken(leaseId, token) },
			{ signal, insecure },
		);
	}

	/** Ends all channels. Idempotent. */
	async close(): Promise<void> {
		this.#closed = true;
		await Promise.all([...this.#open].map((channel) => channel.close()));
	}
}

/** A channel, and the way to be rid of it. */
export interface DialedChannel {
	readonly channel: Channel;
	/** Ends the channel in peace. */
	finish(): Promise<void>;
	/** Ends the channel at once where it is open still. Idempotent. */
	drop(): void;
}

function closedError(): ContainerBuilderError {
	return new ContainerBuilderError('canceled', 'the connection to the builder was closed by this side');
}
