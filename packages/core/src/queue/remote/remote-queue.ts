import { linkSignal } from '../../concurrency/link-signal.js';
import { throwIfAborted } from '../../concurrency/throw-if-aborted.js';
import { AsyncQueue } from '../../events/async-queue.js';
import { TypedEventEmitter } from '../../events/typed-event-emitter.js';
import type {
	AbortOptions,
	BuildFilter,
	BuildRecord,
	Checkout,
	CheckoutRequest,
	Clock,
	Endpoint,
	ImageRepository,
	Lease,
	ProvenanceKey,
	Queue,
	QueueEvent,
	QueueEventMap,
	QueueStatus,
	RelayUse,
	Transport,
} from '../../spec/index.js';
import { systemClock } from '../../time/system-clock.js';
import { CheckoutHandle } from '../line/checkout-handle.js';
import type { QueueCredentials } from './queue-credentials.js';
import { RemoteConnection } from './remote-connection.js';
import { RemoteLease } from './remote-lease.js';

/** Options of a {@link RemoteQueue}. All times are in milliseconds. */
export interface RemoteQueueOptions {
	/** Where the queue listens: `wss://host:port`, `ws+unix:///path/to/socket`. */
	readonly endpoint: Endpoint | string;
	readonly transports: readonly Transport[];
	/** Who one is, where the queue wants to know: a secret, or what is asked for it at each connection. */
	readonly token?: string | QueueCredentials | undefined;
	/** Allows an unencrypted connection to another machine, or with a token. @default false */
	readonly insecure?: boolean | undefined;
	/** Whether builders are reached through the queue; `auto`: where the queue says so. @default 'auto' */
	readonly relay?: RelayUse | undefined;
	/** How long the first connection may take. @default 10000 */
	readonly connectTimeoutMs?: number | undefined;
	/** How long a connection that stood may be gone. @default 60000 */
	readonly reconnectTimeoutMs?: number | undefined;
	/** @default real time */
	readonly clock?: Clock | undefined;
}

/**
 * A queue elsewhere, over one channel that is opened with the first call. A connection that breaks is made anew:
 * checkouts join again by their build ids, leases go on. Calls reject with `queue-unreachable` where that fails.
 */
export class RemoteQueue implements Queue {
	readonly #connection: RemoteConnection;
	readonly #emitter = new TypedEventEmitter<QueueEventMap>();
	#watching = false;

	/** Does no I/O. */
	constructor(options: RemoteQueueOptions) {
		const { endpoint, transports, token, insecure = false, relay = 'auto', clock = systemClock } = options;
		this.#connection = new RemoteConnection({
			endpoint: typeof endpoint === 'string' ? { url: endpoint } : endpoint,
			transports,
			token,
			insecure,
			relay,
			clock,
			connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
			reconnectTimeoutMs: options.reconnectTimeoutMs ?? 60_000,
		});
	}

	checkout(request: CheckoutRequest, options: AbortOptions = {}): Checkout {
		const handle = new CheckoutHandle(request.buildId, options.signal);
		const leaving = new AbortController();
		handle.onLeave = () => leaving.abort();
		if (options.signal?.aborted) {
			void handle.close();
			return handle;
		}
		this.#connection
			.call('checkout', request, {
				signal: leaving.signal,
				onEvent: (event) => {
					if (event.type === 'place') handle.tell(event);
				},
			})
			.then(
				(lease) => {
					const granted = new RemoteLease(this.#connection, lease);
					// A grant that crossed the leaving on its way is nobody's.
					if (handle.settled) granted.release({ status: 'canceled' }).catch(() => {});
					else handle.grant(granted);
				},
				(error: unknown) => handle.fail(error),
			);
		return handle;
	}

	async find(buildId: string, options: AbortOptions = {}): Promise<BuildRecord | undefined> {
		return (await this.#connection.call('find', { buildId }, options)).build;
	}

	async *list(filter: BuildFilter = {}, options: AbortOptions = {}): AsyncIterable<BuildRecord> {
		const seen = new Set<string>();
		yield* this.#stream<BuildRecord>(options.signal, async (push, signal) => {
			const onEvent = (build: BuildRecord): void => {
				if (seen.has(build.buildId)) return;
				seen.add(build.buildId);
				push(build);
			};
			const states = filter.states === undefined ? undefined : [...filter.states];
			await this.#connection.call(
				'list',
				{ all: filter.all, user: filter.user, states },
				{ signal, onEvent },
			);
		});
	}

	async resume(buildId: string, options: AbortOptions = {}): Promise<Lease> {
		return new RemoteLease(this.#connection, await this.#connection.call('resume', { buildId }, options));
	}

	async cancel(
		buildId: string,
		options: { readonly reason?: string | undefined } & AbortOptions = {},
	): Promise<void> {
		const { reason, signal } = options;
		await this.#connection.call('cancel', { buildId, reason }, { signal });
	}

	status(options: AbortOptions = {}): Promise<QueueStatus> {
		return this.#connection.call('status', {}, options);
	}

	async *watch(options: { readonly after?: number } & AbortOptions = {}): AsyncIterable<QueueEvent> {
		let { after } = options;
		yield* this.#stream<QueueEvent>(options.signal, async (push, signal) => {
			const onEvent = (event: QueueEvent): void => {
				after = event.sequence;
				push(event);
			};
			await this.#connection.call('watch', () => ({ after }), { signal, onEvent });
		});
	}

	async images(options: AbortOptions = {}): Promise<readonly ImageRepository[]> {
		return (await this.#connection.call('images', {}, options)).images;
	}

	provenanceKey(options: AbortOptions = {}): Promise<ProvenanceKey> {
		return this.#connection.call('provenance-key', {}, options);
	}

	on<E extends keyof QueueEventMap>(event: E, listener: QueueEventMap[E]): this {
		this.#emitter.on(event, listener);
		this.#follow();
		return this;
	}

	once<E extends keyof QueueEventMap>(event: E, listener: QueueEventMap[E]): this {
		this.#emitter.once(event, listener);
		this.#follow();
		return this;
	}

	off<E extends keyof QueueEventMap>(event: E, listener: QueueEventMap[E]): this {
		this.#emitter.off(event, listener);
		return this;
	}

	/** Lets go of the connection; what waits leaves the line, leases run out by themselves. Idempotent. */
	close(): Promise<void> {
		return this.#connection.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	/** What a call tells, as an iterable; leaving the loop ends the call. */
	async *#stream<T>(
		signal: AbortSignal | undefined,
		call: (push: (value: T) => void, signal: AbortSignal) => Promise<void>,
	): AsyncIterable<T> {
		throwIfAborted(signal);
		const values = new AsyncQueue<T>();
		const linked = linkSignal(signal);
		call((value) => values.push(value), linked.signal).then(
			() => values.end(),
			(error: unknown) => values.fail(error),
		);
		try {
			yield* values;
		} finally {
			linked.abort();
			linked.dispose();
		}
	}

	/** Watches for the sake of listeners, until the connection is closed or cannot be made. */
	#follow(): void {
		if (this.#watching) return;
		this.#watching = true;
		void (async () => {
			try {
				for await (const event of this.watch({ signal: this.#connection.signal })) this.#emit(event);
			} catch {
				// Who listens only is not told: whoever calls hears that the queue cannot be reached.
			} finally {
				this.#watching = false;
			}
		})();
	}

	#emit(event: QueueEvent): void {
		this.#emitter.emit('event', event);
		if (event.type === 'builder-ready') this.#emitter.emit(event.type, event);
		else if (event.type === 'builder-failed') this.#emitter.emit(event.type, event);
		else if (event.type === 'builder-gone') this.#emitter.emit(event.type, event);
		else if (event.type === 'lease-start') this.#emitter.emit(event.type, event);
		else if (event.type === 'lease-end') this.#emitter.emit(event.type, event);
	}
}
