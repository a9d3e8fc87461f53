import type { Json } from './json.js';

/** A value with the version that a later write must name. */
export interface Versioned {
	readonly value: Json;
	/** Grows with each write of the key. */
	readonly version: number;
}

/** The exclusive right to write under a name, until released or lost. */
export interface Hold extends AsyncDisposable {
	/** Grows with each new holder; writes with an older fence are refused with `store-conflict`. */
	readonly fence: number;
	/** Resolves when somebody else may hold it: stop writing. Never rejects. */
	readonly lost: Promise<void>;
	/** Idempotent. */
	release(): Promise<void>;
}

/**
 * What a queue must survive a restart with: keys and JSON values, compare-and-set, with a fence against a holder
 * that does not know yet that it was replaced. Writes reject with `store-conflict` when version or fence is old.
 *
 * Keys are well-formed Unicode of up to 1024 bytes of UTF-8, or more where the store says so.
 */
export interface Store {
	readonly specificationVersion: 'v1';
	get(key: string): Promise<Versioned | undefined>;
	/**
	 * `ifVersion: null`: only if the key is not there. Resolves with the new version, when a crash can no longer undo
	 * it where the store is a durable one. No version of a key comes back, not even after `delete`.
	 */
	put(
		key: string,
		value: Json,
		options: { readonly ifVersion: number | null; readonly fence: number },
	): Promise<number>;
	delete(key: string, options: { readonly ifVersion: number; readonly fence: number }): Promise<void>;
	/**
	 * In the order of the keys' UTF-8 (that of code points, not that of JavaScript's `<`), from the one behind `after`.
	 * What is written meanwhile may or may not be seen; nothing is seen twice.
	 */
	list(prefix: string, options?: { readonly after?: string }): AsyncIterable<readonly [string, Versioned]>;
	/**
	 * Waits until nobody else holds `name`; a holder that does not renew within `ttlMs` has lost it. The store renews by
	 * itself, until `release` or the end of the process. Rejects with `canceled` when the signal aborts.
	 */
	acquire(name: string, options: { readonly ttlMs: number; readonly signal?: AbortSignal }): Promise<Hold>;
	/** Releases what is held, and gives up who waits. Idempotent. */
	close?(): Promise<void>;
}
