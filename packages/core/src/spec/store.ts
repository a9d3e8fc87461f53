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
 */
export interface Store {
	readonly specificationVersion: 'v1';
	get(key: string): Promise<Versioned | undefined>;
	/** `ifVersion: null`: only if the key is not there. Resolves with the new version. */
	put(
		key: string,
		value: Json,
		options: { readonly ifVersion: number | null; readonly fence: number },
	): Promise<number>;
	delete(key: string, options: { readonly ifVersion: number; readonly fence: number }): Promise<void>;
	/** In the order of the keys, from the one behind `after`. */
	list(prefix: string, options?: { readonly after?: string }): AsyncIterable<readonly [string, Versioned]>;
	/** Waits until nobody else holds `name`; a holder that does not renew within `ttlMs` has lost it. */
	acquire(name: string, options: { readonly ttlMs: number; readonly signal?: AbortSignal }): Promise<Hold>;
	close?(): Promise<void>;
}
