import type { Hold, Store } from '@olcf/container-builder-core';
import { expect } from 'vitest';

/** What a store is tested with. */
export interface StoreConformanceOptions {
	readonly test: (name: string, run: () => Promise<void>) => void;
	/** A fresh, empty store, and what to do with it afterwards. */
	readonly setup: () => Promise<{ readonly store: Store; readonly teardown: () => Promise<void> }>;
}

/** What holds for every store. */
export function storeConformance({ test, setup }: StoreConformanceOptions): void {
	const check = (name: string, run: (store: Store, hold: Hold) => Promise<void>): void =>
		test(name, async () => {
			const { store, teardown } = await setup();
			try {
				await run(store, await store.acquire('test', { ttlMs: 60_000 }));
			} finally {
				await teardown();
			}
		});

	check('gives back what was put, with a version that grows', async (store, { fence }) => {
		expect(await store.get('a')).toBeUndefined();
		const first = await store.put('a', { n: [1, null, 'x'] }, { ifVersion: null, fence });
		expect(await store.get('a')).toEqual({ value: { n: [1, null, 'x'] }, version: first });
		const second = await store.put('a', 2, { ifVersion: first, fence });
		expect(second).toBeGreaterThan(first);
		expect(await store.get('a')).toEqual({ value: 2, version: second });
	});

	check('refuses writes that name another version', async (store, { fence }) => {
		const version = await store.put('a', 1, { ifVersion: null, fence });
		const conflict = { code: 'store-conflict' };
		await expect(store.put('a', 2, { ifVersion: null, fence })).rejects.toMatchObject(conflict);
		await expect(store.put('a', 2, { ifVersion: version + 1, fence })).rejects.toMatchObject(conflict);
		await expect(store.put('b', 2, { ifVersion: version, fence })).rejects.toMatchObject(conflict);
		await expect(store.delete('a', { ifVersion: version + 1, fence })).rejects.toMatchObject(conflict);
		await expect(store.delete('b', { ifVersion: version, fence })).rejects.toMatchObject(conflict);
		expect(await store.get('a')).toEqual({ value: 1, version });
		expect(await store.get('b')).toBeUndefined();
	});

	check('lets one of many win who write at the same time', async (store, { fence }) => {
		const writes = await Promise.allSettled(
			Array.from({ length: 10 }, (_, index) => store.put('a', index, { ifVersion: null, fence })),
		);
		expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	});

	check('deletes', async (store, { fence }) => {
		const ifVersion = await store.put('a', 1, { ifVersion: null, fence });
		await store.delete('a', { ifVersion, fence });
		expect(await store.get('a')).toBeUndefined();
		await store.put('a', 2, { ifVersion: null, fence });
	});

	check('lists by prefix in order, from a key on', async (store, { fence }) => {
		for (const key of ['b/2', 'a/1', 'b/10', 'c', 'b/1'])
			await store.put(key, key, { ifVersion: null, fence });
		const keys = async (...listing: Parameters<Store['list']>): Promise<string[]> => {
			const found: string[] = [];
			for await (const [key, { value }] of store.list(...listing)) {
				expect(value).toBe(key);
				found.push(key);
			}
			return found;
		};
		expect(await keys('b/')).toEqual(['b/1', 'b/10', 'b/2']);
		expect(await keys('b/', { after: 'b/10' })).toEqual(['b/2']);
		expect(await keys('x')).toEqual([]);
	});

	check('has one holder at a time, and the next one in turn', async (store, hold) => {
		const second = store.acquire('test', { ttlMs: 60_000 });
		let acquired = false;
		void second.then(() => {
			acquired = true;
		});
		await store.get('a');
		expect(acquired).toBe(false);
		const other = await store.acquire('other', { ttlMs: 60_000 });
		await hold.release();
		await hold.release();
		const next = await second;
		expect(next.fence).toBeGreaterThan(hold.fence);
		await hold.lost;
		const late = store.put('a', 1, { ifVersion: null, fence: hold.fence });
		await expect(late).rejects.toMatchObject({ code: 'store-conflict' });
		await store.put('a', 1, { ifVersion: null, fence: next.fence });
		await next[Symbol.asyncDispose]();
		await other.release();
	});

	check('lets who waits give up', async (store, hold) => {
		const controller = new AbortController();
		const waiting = store.acquire('test', { ttlMs: 60_000, signal: controller.signal });
		const behind = store.acquire('test', { ttlMs: 60_000 });
		controller.abort();
		await expect(waiting).rejects.toMatchObject({ code: 'canceled' });
		await hold.release();
		await (await behind).release();
		const aborted = store.acquire('test', { ttlMs: 60_000, signal: AbortSignal.abort() });
		await expect(aborted).rejects.toMatchObject({ code: 'canceled' });
	});
}
