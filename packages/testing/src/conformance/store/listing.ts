import assert from 'node:assert/strict';
import { within } from '../suite.js';
import { listed, listedKeys, type StoreTest } from './store-fixture.js';

/** In the order of their UTF-8; JavaScript's own order has the last two the other way round. */
const ORDERED = ['', 'A', 'a', 'a\u0000', 'a/1', 'a/10', 'a/2', 'aa', 'b', 'ä', '€', '\uffee', '\u{1f600}'];

export function testListing(test: StoreTest): void {
	test('list: in the order of the keys, with values and versions', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const versions = new Map<string, number>();
		for (const key of [...ORDERED].reverse()) {
			versions.set(key, await store.put(key, { key }, { ifVersion: null, fence }));
		}
		assert.deepEqual(
			await listed(store, ''),
			ORDERED.map((key) => [key, { value: { key }, version: versions.get(key) }]),
		);
	});

	test('list: by prefix, and from behind a key', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		for (const key of ['b/2', 'a/1', 'b/10', 'c', 'b/1', 'b', 'b0']) {
			await store.put(key, key, { ifVersion: null, fence });
		}
		assert.deepEqual(await listedKeys(store, 'b/'), ['b/1', 'b/10', 'b/2']);
		assert.deepEqual(await listedKeys(store, 'b'), ['b', 'b/1', 'b/10', 'b/2', 'b0']);
		assert.deepEqual(await listedKeys(store, 'x'), []);
		assert.deepEqual(await listedKeys(store, 'b/', { after: 'b/10' }), ['b/2']);
		assert.deepEqual(
			await listedKeys(store, 'b/', { after: 'b/11' }),
			['b/2'],
			'behind a key that is not there',
		);
		assert.deepEqual(
			await listedKeys(store, 'b/', { after: 'a' }),
			['b/1', 'b/10', 'b/2'],
			'from before all',
		);
		assert.deepEqual(await listedKeys(store, 'b/', { after: 'b/2' }), []);
		assert.deepEqual(await listedKeys(store, 'b/', { after: 'c' }), []);
		assert.deepEqual(await listedKeys(store, '', { after: '' }), await listedKeys(store, ''));
	});

	test('list: behind each key follows the next one', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		for (const key of ORDERED) await store.put(key, 0, { ifVersion: null, fence });
		for (const [index, after] of ORDERED.entries()) {
			assert.deepEqual(await listedKeys(store, '', { after }), ORDERED.slice(index + 1));
		}
	});

	test('list: a thousand records, each once', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const keys = Array.from({ length: 1_000 }, (_, index) => `k/${String(index).padStart(4, '0')}`);
		const putting = keys.map((key) => store.put(key, key, { ifVersion: null, fence }));
		await within(Promise.all(putting), 'the writes');
		assert.deepEqual(await listedKeys(store, 'k/'), keys);
		assert.deepEqual(await listedKeys(store, 'k/', { after: 'k/0499' }), keys.slice(500));
	});

	test('list: what is written meanwhile does not wait, nor is anything seen twice or missed', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const keys = Array.from({ length: 600 }, (_, index) => `k/${String(index).padStart(4, '0')}`);
		const versions = await Promise.all(keys.map((key) => store.put(key, 0, { ifVersion: null, fence })));
		const seen: string[] = [];
		const reading = async (): Promise<void> => {
			for await (const [key] of store.list('k/')) {
				seen.push(key);
				const index = keys.indexOf(key);
				if (index < 0 || index % 50 !== 0) continue;
				await store.put(key, 1, { ifVersion: versions[index] ?? null, fence });
				await store.put(`${key}+`, 1, { ifVersion: null, fence });
			}
		};
		await within(reading(), 'the end of the list');
		assert.equal(new Set(seen).size, seen.length, 'nothing is seen twice');
		assert.deepEqual(
			seen.filter((key) => !key.endsWith('+')),
			keys,
		);
	});

	test('list: may be left before its end', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		for (const key of ['a', 'b', 'c']) await store.put(key, 0, { ifVersion: null, fence });
		for await (const [key] of store.list('')) {
			assert.equal(key, 'a');
			break;
		}
		await within(store.put('d', 0, { ifVersion: null, fence }), 'a write afterwards');
		assert.deepEqual(await listedKeys(store, ''), ['a', 'b', 'c', 'd']);
	});
}
