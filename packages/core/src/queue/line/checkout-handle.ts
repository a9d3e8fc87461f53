import { type Deferred, deferred } from '../../concurrency/deferred.js';
import { canceledError } from '../../concurrency/throw-if-aborted.js';
import {
	type Checkout,
	type CheckoutEvent,
	ContainerBuilderError,
	type Grant,
	type Lease,
} from '../../spec/index.js';

/**
 * One caller's wish. Iterating tells the latest place, then the changes; a reader that is slow misses places in
 * between, never the last one.
 */
export class CheckoutHandle implements Checkout {
	readonly buildId: string;
	readonly #granted: Deferred<Grant> = deferred();
	readonly #signal: AbortSignal | undefined;
	#onLeave: (() => void) | undefined;
	#latest: CheckoutEvent | undefined;
	#version = 0;
	#ended = false;
	#readers: (() => void)[] = [];

	constructor(buildId: string, signal: AbortSignal | undefined) {
		this.buildId = buildId;
		this.#signal = signal;
		this.#granted.promise.catch(() => {});
		signal?.addEventListener('abort', this.#onAbort, { once: true });
	}

	get granted(): Promise<Grant> {
		return this.#granted.promise;
	}

	/** Whether it has ended in whatever way. */
	get settled(): boolean {
		return this.#ended;
	}

	/** Who is told, once, when the caller leaves the line. */
	set onLeave(listener: () => void) {
		this.#onLeave = listener;
	}

	tell(event: Extract<CheckoutEvent, { type: 'place' }>): void {
		if (!this.#ended) this.#publish(event);
	}

	grant(lease: Lease): void {
		if (this.#ended) return;
		this.#end();
		this.#granted.resolve({ kind: 'lease', lease });
		this.#publish({ type: 'granted', builderId: lease.builderId });
	}

	fail(error: unknown): void {
		if (this.#ended) return;
		this.#end();
		this.#granted.reject(error);
		this.#wake();
	}

	async close(): Promise<void> {
		if (!this.#ended) this.#leave(new ContainerBuilderError('canceled', 'the checkout was taken back'));
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<CheckoutEvent> {
		let seen = 0;
		for (;;) {
			if (this.#latest !== undefined && this.#version > seen) {
				seen = this.#version;
				yield this.#latest;
			} else if (this.#ended) {
				return;
			} else {
				await new Promise<void>((resolve) => this.#readers.push(resolve));
			}
		}
	}

	readonly #onAbort = (): void => {
		if (this.#signal !== undefined) this.#leave(canceledError(this.#signal));
	};

	#leave(error: ContainerBuilderError): void {
		if (this.#ended) return;
		this.fail(error);
		this.#onLeave?.();
	}

	#publish(event: CheckoutEvent): void {
		this.#latest = event;
		this.#version++;
		this.#wake();
	}

	#end(): void {
		this.#ended = true;
		this.#signal?.removeEventListener('abort', this.#onAbort);
	}

	#wake(): void {
		for (const reader of this.#readers.splice(0)) reader();
	}
}
