import assert from 'node:assert/strict';
import type { Hold } from '@olcf/container-builder-core';
import { rejectsWith, stillness, within } from '../suite.js';
import { resolved, type StoreTest } from './store-fixture.js';

export function testHolds(test: StoreTest): void {
	test('hold: one holder at a time, then the next one with a greater fence', async (session) => {
		const { store } = session;
		const first = await session.hold('name');
		const second = session.acquire('name');
		const acquired = resolved([second]);
		await stillness(acquired);
		assert.equal(acquired(), 0, 'while it is held nobody else gets it');
		await store.put('a', 1, { ifVersion: null, fence: first.fence });
		await within(first.release(), 'release');
		const next = await within(second, 'the next hold');
		assert.ok(next.fence > first.fence, `${next.fence} must be greater than ${first.fence}`);
		await within(first.lost, 'lost of the one that was released');
	});

	test('hold: who holds no longer cannot write', async (session) => {
		const { store } = session;
		const first = await session.hold('name');
		const version = await store.put('a', 1, { ifVersion: null, fence: first.fence });
		await first.release();
		const late = { ifVersion: version, fence: first.fence };
		await rejectsWith(store.put('a', 2, late), 'store-conflict', 'put after release');
		await rejectsWith(store.delete('a', late), 'store-conflict', 'delete after release');
		await rejectsWith(store.put('b', 2, { ...late, ifVersion: null }), 'store-conflict', 'put of another');
		const second = await session.hold('name');
		await rejectsWith(store.put('a', 2, late), 'store-conflict', 'put when another one holds');
		await rejectsWith(store.delete('a', late), 'store-conflict', 'delete when another one holds');
		assert.deepEqual(await store.get('a'), { value: 1, version });
		await store.put('a', 2, { ifVersion: version, fence: second.fence });
	});

	test('hold: a fence that nobody was given is refused', async (session) => {
		const { store } = session;
		const { fence } = await session.hold();
		for (const wrong of [fence + 1, fence - 1, 0, -1]) {
			const write = store.put('a', 1, { ifVersion: null, fence: wrong });
			await rejectsWith(write, 'store-conflict', `put with fence ${wrong}`);
		}
		assert.equal(await store.get('a'), undefined);
	});

	test('hold: release is idempotent, and disposing of a hold releases it', async (session) => {
		const first = await session.hold('name');
		await within(Promise.all([first.release(), first.release()]), 'both');
		const second = await session.hold('name');
		await within(first.release(), 'a third one');
		await session.store.put('a', 1, { ifVersion: null, fence: second.fence });
		await within(Promise.resolve(second[Symbol.asyncDispose]()), 'dispose');
		await session.hold('name');
	});

	test('hold: names are independent of each other', async (session) => {
		const { store } = session;
		const [one, two] = [await session.hold('one'), await session.hold('two')];
		assert.notEqual(one.fence, two.fence);
		await one.release();
		await store.put('a', 1, { ifVersion: null, fence: two.fence });
		const late = store.put('b', 1, { ifVersion: null, fence: one.fence });
		await rejectsWith(late, 'store-conflict', 'put with the one that was released');
	});

	test('hold: of many who wait each gets it once, one after the other', async (session) => {
		const first = await session.hold('name');
		const holding = new Set<Hold>([first]);
		const fences = [first.fence];
		const waiting = Array.from({ length: 5 }, async () => {
			const hold = await session.acquire('name');
			holding.add(hold);
			assert.equal(holding.size, 1, 'two hold it at the same time');
			fences.push(hold.fence);
			await new Promise((resolve) => setTimeout(resolve, 10));
			holding.delete(hold);
			await hold.release();
		});
		holding.delete(first);
		await first.release();
		await within(Promise.all(waiting), 'all of them', 60_000);
		assert.deepEqual(
			fences,
			[...fences].sort((a, b) => a - b),
			'each with a greater fence',
		);
		assert.equal(new Set(fences).size, fences.length);
	});

	test('hold: a signal ends the waiting, and nothing is held by it', async (session) => {
		const first = await session.hold('name');
		const controller = new AbortController();
		const waiting = session.acquire('name', { signal: controller.signal });
		const behind = session.acquire('name');
		await new Promise((resolve) => setTimeout(resolve, 20));
		controller.abort();
		await rejectsWith(waiting, 'canceled', 'acquire');
		await session.store.put('a', 1, { ifVersion: null, fence: first.fence });
		await first.release();
		await (await within(behind, 'who waited, too')).release();
		await session.hold('name');
	});

	test('hold: a signal that is aborted already rejects, and nothing is held', async (session) => {
		const aborted = session.acquire('name', { signal: AbortSignal.abort() });
		await rejectsWith(aborted, 'canceled', 'acquire');
		await session.hold('name');
	});

	test('hold: a signal at any moment leaves it held or free, not between', async (session) => {
		for (let turns = 0; turns < 200; turns += 1 + Math.floor(turns / 50)) {
			const controller = new AbortController();
			const name = `name ${turns}`;
			const acquiring = session.acquire(name, { signal: controller.signal }).catch(() => undefined);
			for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
			controller.abort();
			const hold = await within(acquiring, 'acquire');
			if (hold !== undefined) {
				await session.store.put(name, 1, { ifVersion: null, fence: hold.fence });
				await hold.release();
			}
			await session.hold(name);
		}
	});

	test('hold: a signal that aborts later does not end it', async (session) => {
		const controller = new AbortController();
		const hold = await within(session.acquire('name', { signal: controller.signal }), 'acquire');
		controller.abort();
		await new Promise((resolve) => setTimeout(resolve, 20));
		await session.store.put('a', 1, { ifVersion: null, fence: hold.fence });
	});
}
