import assert from 'node:assert/strict';
import type { Hold, Store, Versioned } from '@olcf/container-builder-core';
import { background, within } from '../suite.js';

/** What the store suite needs for one test. */
export interface StoreFixture {
	/** Fresh and empty. */
	readonly store: Store;
	/** Opens another store over the same data, as another process would. Needed where the suite is told `shared`. */
	readonly another?: (() => Promise<Store> | Store) | undefined;
	/**
	 * As `another`, but its time stands still: it does not renew what it holds, as if its process had been stopped.
	 * Needed where the suite is told `shared`.
	 */
	readonly stalled?: (() => Promise<Store> | Store) | undefined;
	/** Called at the end of the test, when the suite has closed its stores. */
	readonly teardown?: (() => Promise<void>) | undefined;
}

/** Milliseconds that no hold of a test reaches. */
const LONG_MS = 600_000;

/** One test's use of a store; ends what it opened. */
export class StoreSession {
	readonly store: Store;
	readonly #fixture: StoreFixture;
	readonly #stores: Store[];

	constructor(fixture: StoreFixture) {
		this.#fixture = fixture;
		this.store = fixture.store;
		this.#stores = [fixture.store];
	}

	another(): Promise<Store> {
		return this.#open(this.#fixture.another, 'another');
	}

	stalled(): Promise<Store> {
		return this.#open(this.#fixture.stalled, 'stalled');
	}

	/** Holds a name of which nobody else wants anything. */
	hold(name = 'conformance', store = this.store): Promise<Hold> {
		return within(store.acquire(name, { ttlMs: LONG_MS }), `the hold of ${name}`);
	}

	/** Waits for a name in the background. */
	acquire(
		name: string,
		options: { readonly store?: Store; readonly ttlMs?: number; readonly signal?: AbortSignal } = {},
	): Promise<Hold> {
		const { store = this.store, ttlMs = LONG_MS, signal } = options;
		return background(store.acquire(name, { ttlMs, ...(signal === undefined ? {} : { signal }) }));
	}

	async end(): Promise<void> {
		for (const store of this.#stores) await within(Promise.resolve(store.close?.()), 'close');
		await this.#fixture.teardown?.();
	}

	async #open(open: (() => Promise<Store> | Store) | undefined, name: string): Promise<Store> {
		assert.ok(open !== undefined, `the fixture of a shared store needs '${name}'`);
		const store = await open();
		this.#stores.push(store);
		return store;
	}
}

/** Runs a test with a session of its own. */
export type StoreTest = (name: string, run: (session: StoreSession) => Promise<void>) => void;

/** Tells how many of them have resolved so far. */
export function resolved(promises: readonly Promise<unknown>[]): () => number {
	let count = 0;
	for (const promise of promises) {
		promise.then(
			() => count++,
			() => {},
		);
	}
	return () => count;
}

/** All that `list` gives. */
export async function listed(
	store: Store,
	...options: Parameters<Store['list']>
): Promise<(readonly [string, Versioned])[]> {
	const entries: (readonly [string, Versioned])[] = [];
	const reading = async (): Promise<void> => {
		for await (const entry of store.list(...options)) entries.push(entry);
	};
	await within(reading(), 'the end of the list');
	return entries;
}

/** The keys that `list` gives. */
export async function listedKeys(store: Store, ...options: Parameters<Store['list']>): Promise<string[]> {
	return (await listed(store, ...options)).map(([key]) => key);
}

/** Adds 1 to a number, again and again until nobody else was faster. */
export async function increment(store: Store, key: string, fence: number): Promise<void> {
	for (;;) {
		const found = await store.get(key);
		const next = found === undefined ? 1 : Number(found.value) + 1;
		try {
			await store.put(key, next, { ifVersion: found?.version ?? null, fence });
			return;
		} catch (error) {
			if ((error as { readonly code?: unknown }).code !== 'store-conflict') throw error;
		}
	}
}
