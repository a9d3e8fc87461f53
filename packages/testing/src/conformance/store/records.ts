import assert from 'node:assert/strict';
import type { Json } from '@olcf/container-builder-core';
import { rejectsWith, within } from '../suite.js';
import { increment, listed, type StoreTest } from './store-fixture.js';

const VALUES: readonly Json[] = [
	null,
	true,
	false,
	0,
	-1.5,
	1e300,
	'',
	'ä €\u0000\u{1f600}"\\\n\u2028',
	[],
	{},
	{ list: [1, [2, { three: null }]], '': 'empty', constructor: 1 },
];

export function testRecords(test: StoreTest): void {
	test('records: what was put comes back, with a version that grows', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		assert.equal(await store.get('a'), undefined);
		const first = await store.put('a', { n: [1, null, 'x'] }, { ifVersion: null, fence });
		assert.deepEqual(await store.get('a'), { value: { n: [1, null, 'x'] }, version: first });
		const second = await store.put('a', 2, { ifVersion: first, fence });
		assert.ok(second > first, `${second} must be greater than ${first}`);
		assert.deepEqual(await store.get('a'), { value: 2, version: second });
	});

	test('records: every kind of value comes back', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		for (const [index, value] of VALUES.entries()) {
			await store.put(`value/${index}`, value, { ifVersion: null, fence });
			assert.deepEqual((await store.get(`value/${index}`))?.value, value);
		}
		const values = (await listed(store, 'value/')).map(([, { value }]) => value);
		assert.equal(values.length, VALUES.length);
	});

	test('records: a value of 256 KiB comes back', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const value = { text: 'ä'.repeat(128 * 1024), end: true };
		const version = await store.put('large', value, { ifVersion: null, fence });
		await store.put('small', 1, { ifVersion: null, fence });
		assert.deepEqual(await store.get('large'), { value, version });
		assert.deepEqual(await listed(store, 'large'), [['large', { value, version }]]);
		const next = await store.put('large', { ...value, end: false }, { ifVersion: version, fence });
		assert.deepEqual(await store.get('large'), { value: { ...value, end: false }, version: next });
	});

	test('records: a value may be changed once put was called', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const value = { list: [1] };
		const putting = store.put('a', value, { ifVersion: null, fence });
		value.list.push(2);
		await putting;
		assert.deepEqual((await store.get('a'))?.value, { list: [1] });
	});

	test('records: keys are any text, and each is another', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const keys = [
			'',
			' ',
			'a',
			'A',
			'a\u0000',
			'a\u0000b',
			'a/b',
			'a//b',
			'\n',
			'%61',
			'é',
			'e\u0301',
			'\uffff',
			'\u{1f600}',
			'k'.repeat(1024),
			`${'k'.repeat(1023)}l`,
			'€'.repeat(341),
		];
		for (const [index, key] of keys.entries()) await store.put(key, index, { ifVersion: null, fence });
		for (const [index, key] of keys.entries()) {
			assert.equal((await store.get(key))?.value, index, `the key ${JSON.stringify(key.slice(0, 20))}`);
		}
		assert.deepEqual(
			new Map((await listed(store, '')).map(([key, { value }]) => [key, value])),
			new Map(keys.map((key, index) => [key, index])),
		);
	});

	test('records: a write that names another version is refused', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const first = await store.put('a', 0, { ifVersion: null, fence });
		const version = await store.put('a', 1, { ifVersion: first, fence });
		const wrong: [string, number | null][] = [
			['a', null],
			['a', first],
			['a', version + 1],
			['b', version],
		];
		for (const [key, ifVersion] of wrong) {
			await rejectsWith(store.put(key, 2, { ifVersion, fence }), 'store-conflict', 'put');
			if (ifVersion !== null) {
				await rejectsWith(store.delete(key, { ifVersion, fence }), 'store-conflict', 'delete');
			}
		}
		assert.deepEqual(await store.get('a'), { value: 1, version });
		assert.equal(await store.get('b'), undefined);
	});

	test('records: what was deleted is gone, and its versions do not come back', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		let last = 0;
		for (let round = 0; round < 3; round++) {
			const version = await store.put('a', round, { ifVersion: null, fence });
			assert.ok(version > last, `${version} must be greater than ${last}`);
			await store.delete('a', { ifVersion: version, fence });
			assert.equal(await store.get('a'), undefined);
			assert.deepEqual(await listed(store, ''), []);
			await rejectsWith(store.put('a', 'late', { ifVersion: version, fence }), 'store-conflict', 'put');
			last = version;
		}
	});

	test('records: of many who write at the same time, one wins', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		let ifVersion: number | null = null;
		for (let round = 0; round < 5; round++) {
			const writes = await within(
				Promise.allSettled(
					Array.from({ length: 20 }, (_, index) => store.put('a', index, { ifVersion, fence })),
				),
				'the writes',
			);
			const won = writes.flatMap((write, index) =>
				write.status === 'fulfilled' ? [{ value: index, version: write.value }] : [],
			);
			assert.equal(won.length, 1, 'one write must win');
			const [winner] = won;
			assert.deepEqual(await store.get('a'), winner);
			ifVersion = winner?.version ?? null;
		}
	});

	test('records: of a put and a delete at the same time, one wins', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		for (let round = 0; round < 10; round++) {
			const key = `a${round}`;
			const ifVersion = await store.put(key, 0, { ifVersion: null, fence });
			const put = (): Promise<unknown> => store.put(key, 1, { ifVersion, fence });
			const remove = (): Promise<unknown> => store.delete(key, { ifVersion, fence });
			const [first, second] = round % 2 === 0 ? [put(), remove()] : [remove(), put()];
			const writes = await Promise.allSettled([first, second]);
			assert.equal(writes.filter(({ status }) => status === 'fulfilled').length, 1);
		}
	});

	test('records: many writers of their own keys all get through', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const writer = async (name: number): Promise<void> => {
			let version: number | null = null;
			for (let round = 0; round < 10; round++) {
				version = await store.put(`w${name}`, round, { ifVersion: version, fence });
			}
		};
		await within(Promise.all(Array.from({ length: 50 }, (_, name) => writer(name))), 'the writers');
		const values = (await listed(store, 'w')).map(([, { value }]) => value);
		assert.deepEqual(values, new Array(50).fill(9));
	});

	test('records: a counter that many add to loses nothing', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		const adder = async (): Promise<void> => {
			for (let round = 0; round < 10; round++) await increment(store, 'counter', fence);
		};
		await within(Promise.all(Array.from({ length: 10 }, adder)), 'the counting');
		assert.equal((await store.get('counter'))?.value, 100);
	});
}
