import assert from 'node:assert/strict';
import { rejectsWith, stillness, within } from '../suite.js';
import { increment, listed, resolved, type StoreTest } from './store-fixture.js';

/** Long enough for a busy machine to renew in time, short enough to wait for. */
const TTL_MS = 1_000;

export function testSharing(test: StoreTest): void {
	test('shared: each sees what the others wrote, and only one of them wins', async (session) => {
		const { store } = session;
		const other = await session.another();
		const [here, there] = [await session.hold('here'), await session.hold('there', other)];
		const version = await store.put('a', 1, { ifVersion: null, fence: here.fence });
		assert.deepEqual(await other.get('a'), { value: 1, version });
		const next = await other.put('a', 2, { ifVersion: version, fence: there.fence });
		assert.ok(next > version, `${next} must be greater than ${version}`);
		const late = store.put('a', 3, { ifVersion: version, fence: here.fence });
		await rejectsWith(late, 'store-conflict', 'put');
		assert.deepEqual(await listed(store, ''), [['a', { value: 2, version: next }]]);
		await other.delete('a', { ifVersion: next, fence: there.fence });
		assert.equal(await store.get('a'), undefined);
	});

	test('shared: a counter that all add to loses nothing', async (session) => {
		const stores = [session.store, await session.another(), await session.another()];
		const adder = async (store: (typeof stores)[number], index: number): Promise<void> => {
			const { fence } = await session.hold(`adder ${index}`, store);
			for (let round = 0; round < 20; round++) await increment(store, 'counter', fence);
		};
		await within(Promise.all(stores.map(adder)), 'the counting');
		assert.equal((await session.store.get('counter'))?.value, 60);
	});

	test('shared: all is there when it is opened again, and fences and versions go on', async (session) => {
		const first = await session.hold('name');
		const value = { text: 'kept', list: [1, 2, 3] };
		const version = await session.store.put('a', value, { ifVersion: null, fence: first.fence });
		await first.release();
		await within(Promise.resolve(session.store.close?.()), 'close');
		const again = await session.another();
		assert.deepEqual(await again.get('a'), { value, version });
		const second = await session.hold('name', again);
		assert.ok(second.fence > first.fence, `${second.fence} must be greater than ${first.fence}`);
		await again.delete('a', { ifVersion: version, fence: second.fence });
		const next = await again.put('a', 1, { ifVersion: null, fence: second.fence });
		assert.ok(next > version, `${next} must be greater than ${version}`);
	});

	test('shared: one holds, the others wait; release hands it on', async (session) => {
		const first = await session.hold('name');
		const others = [await session.another(), await session.another()];
		const waiting = others.map((store) => session.acquire('name', { store }));
		const acquired = resolved(waiting);
		await stillness(acquired);
		assert.equal(acquired(), 0);
		await first.release();
		const second = await within(Promise.race(waiting), 'one of them');
		await stillness(acquired);
		assert.equal(acquired(), 1, 'exactly one of them');
		await second.release();
		const holds = await within(Promise.all(waiting), 'the other one, too');
		assert.equal(new Set([first, ...holds].map(({ fence }) => fence)).size, 3);
	});

	test('shared: closing a store releases what it holds, and gives up who waits', async (session) => {
		const other = await session.another();
		const held = await session.hold('held', other);
		await session.hold('wanted');
		const wanting = session.acquire('wanted', { store: other });
		const waiting = session.acquire('held');
		await new Promise((resolve) => setTimeout(resolve, 20));
		await within(Promise.resolve(other.close?.()), 'close');
		await within(held.lost, 'lost');
		await rejectsWith(wanting, ['queue-closed', 'canceled'], 'acquire');
		await within(waiting, 'the hold');
	});

	test('shared: a hold that is renewed is kept', async (session) => {
		const hold = await within(session.acquire('name', { ttlMs: TTL_MS }), 'acquire');
		const waiting = session.acquire('name', { store: await session.another(), ttlMs: TTL_MS });
		const taken = resolved([waiting]);
		await new Promise((resolve) => setTimeout(resolve, 3 * TTL_MS));
		assert.equal(taken(), 0);
		await session.store.put('a', 1, { ifVersion: null, fence: hold.fence });
		await hold.release();
		await within(waiting, 'the hold');
	});

	test('shared: a hold that is not renewed is lost, and its writes are refused', async (session) => {
		const stalled = await session.stalled();
		const old = await within(stalled.acquire('name', { ttlMs: TTL_MS }), 'acquire');
		const version = await stalled.put('a', 1, { ifVersion: null, fence: old.fence });
		const hold = await within(session.acquire('name'), 'the hold, once it was silent for too long');
		assert.ok(hold.fence > old.fence, `${hold.fence} must be greater than ${old.fence}`);
		const late = { ifVersion: version, fence: old.fence };
		await rejectsWith(stalled.put('a', 2, late), 'store-conflict', 'put');
		await rejectsWith(stalled.delete('a', late), 'store-conflict', 'delete');
		await within(old.lost, 'lost');
		await within(old.release(), 'release of what was lost');
		await session.store.put('a', 3, { ifVersion: version, fence: hold.fence });
	});

	test('shared: of many who wait for one that is not renewed, one wins', async (session) => {
		const stalled = await session.stalled();
		const old = await within(stalled.acquire('name', { ttlMs: TTL_MS }), 'acquire');
		const stores = [session.store, await session.another(), await session.another()];
		const waiting = stores.map((store) => session.acquire('name', { store }));
		const acquired = resolved(waiting);
		const hold = await within(Promise.race(waiting), 'one of them');
		await stillness(acquired);
		assert.equal(acquired(), 1, 'exactly one of them');
		assert.ok(hold.fence > old.fence, `${hold.fence} must be greater than ${old.fence}`);
	});
}
