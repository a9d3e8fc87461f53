import { type Deferred, deferred } from '../concurrency/deferred.js';

/** Values that wait before `push` makes its caller wait too. */
const HIGH_WATER = 1024;

/** Values pushed on one side, iterated on the other by one reader. */
export class AsyncQueue<T> implements AsyncIterableIterator<T> {
	readonly #values: T[] = [];
	#reader: Deferred<IteratorResult<T>> | undefined;
	#room: Deferred<void> | undefined;
	#end: { readonly error: unknown } | undefined;

	/** Adds a value; nothing after the end. What it returns is back-pressure for those who send many. */
	push(value: T): Promise<void> | undefined {
		if (this.#end !== undefined) return undefined;
		if (this.#reader !== undefined) {
			this.#reader.resolve({ done: false, value });
			this.#reader = undefined;
			return undefined;
		}
		this.#values.push(value);
		if (this.#values.length < HIGH_WATER) return undefined;
		this.#room ??= deferred();
		return this.#room.promise;
	}

	/** Ends the iteration behind what was pushed. */
	end(): void {
		this.#settle({ error: undefined });
	}

	/** Ends it with an error. */
	fail(error: unknown): void {
		this.#settle({ error });
	}

	async next(): Promise<IteratorResult<T>> {
		if (this.#values.length > 0) {
			const value = this.#values.shift() as T;
			if (this.#values.length < HIGH_WATER / 2) this.#makeRoom();
			return { done: false, value };
		}
		if (this.#end !== undefined) {
			if (this.#end.error !== undefined) throw this.#end.error;
			return { done: true, value: undefined };
		}
		this.#reader ??= deferred<IteratorResult<T>>();
		return this.#reader.promise;
	}

	async return(): Promise<IteratorResult<T>> {
		this.#values.length = 0;
		this.end();
		return { done: true, value: undefined };
	}

	[Symbol.asyncIterator](): this {
		return this;
	}

	#makeRoom(): void {
		this.#room?.resolve();
		this.#room = undefined;
	}

	#settle(end: { readonly error: unknown }): void {
		if (this.#end !== undefined) return;
		this.#end = end;
		this.#makeRoom();
		if (this.#reader === undefined) return;
		if (end.error === undefined) this.#reader.resolve({ done: true, value: undefined });
		else this.#reader.reject(end.error);
		this.#reader = undefined;
	}
}
