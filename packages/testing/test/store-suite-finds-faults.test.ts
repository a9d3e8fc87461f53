import { type Hold, type Json, memoryStore, type Store, type Versioned } from '@olcf/container-builder-core';
import { testStore } from '@olcf/container-builder-testing/store';
import { describe, expect, test } from 'vitest';

type Tests = Map<string, () => Promise<void>>;

function storeTests(store: Store, another = store): Tests {
	const tests: Tests = new Map();
	testStore({
		test: (name, run) => tests.set(name, run),
		shared: true,
		setup: () => ({ store, another: () => another, stalled: () => another }),
	});
	return tests;
}

async function run(tests: Tests, name: string): Promise<void> {
	const found = tests.get(name);
	if (found === undefined) throw new Error(`there is no test '${name}'`);
	await found();
}

describe('the store suite finds', () => {
	type Write = { readonly ifVersion: number | null; readonly fence: number };

	function changed(change: (inner: Store) => Partial<Store>, inner = memoryStore()): Store {
		return {
			specificationVersion: 'v1',
			get: (key) => inner.get(key),
			put: (key, value, options) => inner.put(key, value, options),
			delete: (key, options) => inner.delete(key, options),
			list: (prefix, options) => inner.list(prefix, options),
			acquire: (name, options) => inner.acquire(name, options),
			...change(inner),
		};
	}

	async function* filtered(
		store: Store,
		keep: (key: string, index: number) => boolean,
	): AsyncIterable<readonly [string, Versioned]> {
		let index = 0;
		for await (const entry of store.list('')) if (keep(entry[0], index++)) yield entry;
	}

	const names = [...storeTests(memoryStore()).keys()].filter((name) => !name.startsWith('shared: '));

	test.each(names)('nothing wrong with a store that is only wrapped: %s', async (name) => {
		await run(storeTests(changed(() => ({}))), name);
	});

	/** Checks first and writes later. */
	async function racing(
		inner: Store,
		key: string,
		value: Json,
		{ ifVersion, fence }: Write,
	): Promise<number> {
		const found = (await inner.get(key))?.version ?? null;
		if (found !== ifVersion) return inner.put(key, value, { ifVersion, fence });
		await new Promise((resolve) => setTimeout(resolve, 1));
		return inner.put(key, value, { ifVersion: (await inner.get(key))?.version ?? null, fence });
	}

	/** Counts versions for each key from 1 on. */
	function counting(inner: Store): Partial<Store> {
		const versions = new Map<string, { readonly shown: number; readonly real: number }>();
		const real = (key: string, shown: number | null): number | null => {
			const known = versions.get(key);
			if (shown === null || known === undefined) return shown;
			return known.shown === shown ? known.real : -1;
		};
		return {
			get: async (key) => {
				const found = await inner.get(key);
				return found && { ...found, version: versions.get(key)?.shown ?? 0 };
			},
			put: async (key, value, { ifVersion, fence }) => {
				const shown = (ifVersion ?? 0) + 1;
				versions.set(key, {
					shown,
					real: await inner.put(key, value, { ifVersion: real(key, ifVersion), fence }),
				});
				return shown;
			},
			delete: (key, { ifVersion, fence }) =>
				inner.delete(key, { ifVersion: real(key, ifVersion) ?? -1, fence }),
		};
	}

	/** Gives everybody what he wants at once. */
	function crowded(inner: Store): Partial<Store> {
		let count = 0;
		return { acquire: (name, options) => inner.acquire(`${name} ${++count}`, options) };
	}

	/** Takes every fence for good. */
	function unfenced(inner: Store): Partial<Store> {
		const own = inner.acquire('the fault', { ttlMs: 1 });
		return {
			put: async (key, value, { ifVersion }) =>
				inner.put(key, value, { ifVersion, fence: (await own).fence }),
			delete: async (key, { ifVersion }) => inner.delete(key, { ifVersion, fence: (await own).fence }),
		};
	}

	const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, 1, value));
	const faults: [string, string, Store, Store?][] = [
		[
			'a version that nobody looks at',
			'records: a write that names another version is refused',
			changed((inner) => ({
				put: async (key, value, { fence }) =>
					inner.put(key, value, { ifVersion: (await inner.get(key))?.version ?? null, fence }),
			})),
		],
		[
			'a check that is over when it is written',
			'records: of many who write at the same time, one wins',
			changed((inner) => ({ put: (key, value, options) => racing(inner, key, value, options) })),
		],
		[
			'a counter that loses what others add',
			'records: a counter that many add to loses nothing',
			changed((inner) => ({ put: (key, value, options) => racing(inner, key, value, options) })),
		],
		[
			'versions that come back',
			'records: what was deleted is gone, and its versions do not come back',
			changed(counting),
		],
		[
			'a value that is looked at later',
			'records: a value may be changed once put was called',
			changed((inner) => ({
				put: async (key, value, options) => inner.put(key, await later(value), options),
			})),
		],
		[
			'values that are cut off',
			'records: a value of 256 KiB comes back',
			changed((inner) => ({
				put: (key, value, options) => {
					const text = JSON.stringify(value);
					return inner.put(key, text.length > 65_536 ? text.slice(0, 65_536) : value, options);
				},
			})),
		],
		[
			'keys that are cut off',
			'records: keys are any text, and each is another',
			changed((inner) => ({
				get: (key) => inner.get(key.slice(0, 255)),
				put: (key, value, options) => inner.put(key.slice(0, 255), value, options),
			})),
		],
		[
			'keys that are normalized',
			'records: keys are any text, and each is another',
			changed((inner) => ({
				get: (key) => inner.get(key.normalize()),
				put: (key, value, options) => inner.put(key.normalize(), value, options),
			})),
		],
		[
			"JavaScript's order",
			'list: in the order of the keys, with values and versions',
			changed((inner) => ({
				list: async function* (prefix) {
					const entries: (readonly [string, Versioned])[] = [];
					for await (const entry of inner.list(prefix)) entries.push(entry);
					yield* entries.sort(([a], [b]) => (a < b ? -1 : 1));
				},
			})),
		],
		[
			'a list that begins with the key and not behind it',
			'list: behind each key follows the next one',
			changed((inner) => ({
				list: (_prefix, options) => filtered(inner, (key) => key >= (options?.after ?? '')),
			})),
		],
		[
			'a list of one page',
			'list: a thousand records, each once',
			changed((inner) => ({ list: () => filtered(inner, (_key, index) => index < 500) })),
		],
		['two holders', 'hold: one holder at a time, then the next one with a greater fence', changed(crowded)],
		['a fence that nobody looks at', 'hold: who holds no longer cannot write', changed(unfenced)],
		['a fence that was never given', 'hold: a fence that nobody was given is refused', changed(unfenced)],
		[
			'a release that wants to be the only one',
			'hold: release is idempotent, and disposing of a hold releases it',
			changed((inner) => ({
				acquire: async (name, options): Promise<Hold> => {
					const hold = await inner.acquire(name, options);
					let released = false;
					const release = async (): Promise<void> => {
						if (released) throw new Error('released already');
						released = true;
						await hold.release();
					};
					return { ...hold, release, [Symbol.asyncDispose]: release };
				},
			})),
		],
		[
			'a signal that is ignored',
			'hold: a signal that is aborted already rejects, and nothing is held',
			changed((inner) => ({ acquire: (name, { ttlMs }) => inner.acquire(name, { ttlMs }) })),
		],
		[
			'a store that others do not see',
			'shared: each sees what the others wrote, and only one of them wins',
			memoryStore(),
			memoryStore(),
		],
		[
			'data that end with the store',
			'shared: all is there when it is opened again, and fences and versions go on',
			memoryStore(),
			memoryStore(),
		],
		[
			'two holders in two stores',
			'shared: one holds, the others wait; release hands it on',
			memoryStore(),
			memoryStore(),
		],
		[
			'a fence that the other store takes from a stalled one',
			'shared: a hold that is not renewed is lost, and its writes are refused',
			memoryStore(),
			memoryStore(),
		],
	];
	for (const [fault, name, store, another] of faults) {
		test(fault, async () => {
			await expect(run(storeTests(store, another), name)).rejects.toThrow();
		});
	}
});
