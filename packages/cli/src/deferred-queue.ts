import {
	type AbortOptions,
	abortable,
	type BuildFilter,
	type BuildRecord,
	type Checkout,
	type CheckoutEvent,
	type CheckoutRequest,
	ContainerBuilderError,
	type Grant,
	type ImageRepository,
	type Lease,
	type ProvenanceKey,
	type Queue,
	type QueueEvent,
	type QueueEventMap,
	type QueueStatus,
	throwIfAborted,
} from '@olcf/container-builder-core';

/** A queue that was loaded, with what belongs to it. */
export interface LoadedQueue {
	readonly queue: Queue;
	/** Makes builders ready before anybody asks. */
	start(options?: AbortOptions): Promise<void>;
	/** Closes the queue and all that was loaded with it. */
	close(): Promise<void>;
}

/** A queue whose parts are loaded with the first call, so that who only imports the package does not wait for them. */
export class DeferredQueue implements Queue {
	readonly #load: () => Promise<LoadedQueue>;
	#loaded: Promise<LoadedQueue> | undefined;
	#closing: Promise<void> | undefined;

	/** `load` is called at most once. */
	constructor(load: () => Promise<LoadedQueue>) {
		this.#load = load;
	}

	checkout(request: CheckoutRequest, options: AbortOptions = {}): Checkout {
		return new DeferredCheckout(
			request.buildId,
			this.#open(options).then((queue) => queue.checkout(request, options)),
		);
	}

	async find(buildId: string, options?: AbortOptions): Promise<BuildRecord | undefined> {
		return (await this.#open(options)).find(buildId, options);
	}

	async *list(filter?: BuildFilter, options?: AbortOptions): AsyncGenerator<BuildRecord> {
		yield* (await this.#open(options)).list(filter, options);
	}

	async resume(buildId: string, options?: AbortOptions): Promise<Lease> {
		return (await this.#open(options)).resume(buildId, options);
	}

	async cancel(
		buildId: string,
		options?: { readonly reason?: string | undefined } & AbortOptions,
	): Promise<void> {
		await (await this.#open(options)).cancel(buildId, options);
	}

	async status(options?: AbortOptions): Promise<QueueStatus> {
		return (await this.#open(options)).status(options);
	}

	async *watch(options?: { readonly after?: number } & AbortOptions): AsyncGenerator<QueueEvent> {
		yield* (await this.#open(options)).watch(options);
	}

	async provenanceKey(options?: AbortOptions): Promise<ProvenanceKey> {
		return (await this.#open(options)).provenanceKey(options);
	}

	async images(options?: AbortOptions): Promise<readonly ImageRepository[]> {
		return (await this.#open(options)).images(options);
	}

	on<E extends keyof QueueEventMap & string>(event: E, listener: QueueEventMap[E]): this {
		return this.#tell((queue) => queue.on(event, listener));
	}

	once<E extends keyof QueueEventMap & string>(event: E, listener: QueueEventMap[E]): this {
		return this.#tell((queue) => queue.once(event, listener));
	}

	off<E extends keyof QueueEventMap & string>(event: E, listener: QueueEventMap[E]): this {
		return this.#tell((queue) => queue.off(event, listener));
	}

	/** Loads the queue and makes builders ready before anybody asks. */
	async start(options: AbortOptions = {}): Promise<void> {
		await (await this.#ready(options)).start(options);
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #open(options?: AbortOptions): Promise<Queue> {
		return (await this.#ready(options)).queue;
	}

	async #ready({ signal }: AbortOptions = {}): Promise<LoadedQueue> {
		throwIfAborted(signal);
		if (this.#closing !== undefined) throw new ContainerBuilderError('queue-closed', 'the queue is closed');
		this.#loaded ??= this.#load();
		return await abortable(this.#loaded, signal);
	}

	/** In the order of the calls; what cannot be loaded is told to whoever calls for something. */
	#tell(action: (queue: Queue) => unknown): this {
		this.#open().then(action, () => {});
		return this;
	}

	async #close(): Promise<void> {
		// A queue that could not be loaded has nothing to close.
		const loaded = await this.#loaded?.catch(() => undefined);
		await loaded?.close();
	}
}

class DeferredCheckout implements Checkout {
	readonly buildId: string;
	readonly granted: Promise<Grant>;
	readonly #checkout: Promise<Checkout>;

	constructor(buildId: string, checkout: Promise<Checkout>) {
		this.buildId = buildId;
		this.#checkout = checkout;
		this.granted = checkout.then(({ granted }) => granted);
		this.granted.catch(() => {});
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<CheckoutEvent> {
		yield* await this.#checkout;
	}

	async close(): Promise<void> {
		const checkout = await this.#checkout.catch(() => undefined);
		await checkout?.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}
