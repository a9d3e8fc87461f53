import { memoryStore, type Store } from '@olcf/container-builder-core';
import { afterEach, expect, it } from 'vitest';
import { buildId, type QueueWorld, queueWorld } from './queue-world.js';

let world: QueueWorld | undefined;
afterEach(() => world?.[Symbol.asyncDispose]());

async function keysOf(store: Store): Promise<string[]> {
	const keys: string[] = [];
	for await (const [key] of store.list('')) keys.push(key);
	return keys;
}

it('writes a builder down before its machine is made, and strikes it out when it is gone', async () => {
	const store = memoryStore();
	const written: string[][] = [];
	world = queueWorld({
		queue: { store },
		provider: {
			machines: (request) => {
				void keysOf(store).then((keys) => written.push([request.builderId, ...keys]));
				return {};
			},
		},
	});
	const { queue, advance, leaseOf } = world;
	const checkout = queue.checkout({ buildId: buildId(1) });
	await advance(2_000);
	const lease = await leaseOf(checkout);
	expect(written).toEqual([
		[lease.builderId, `queue/test/build/${buildId(1)}`, `queue/test/builder/${lease.builderId}`],
	]);
	await lease.release({ status: 'succeeded' });
	await advance(2_000);
	expect((await keysOf(store)).filter((key) => key.includes('/builder/'))).toEqual([]);
});

it('makes nothing while another queue holds the store', async () => {
	const store = memoryStore();
	const other = await store.acquire('queue/test/hold', { ttlMs: 60_000 });
	world = queueWorld({ queue: { store } });
	const { queue, advance, leaseOf, provider } = world;
	const checkout = queue.checkout({ buildId: buildId(1) });
	await advance(60_000);
	expect(provider.calls).toEqual([]);
	await other.release();
	await advance(2_000);
	expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
});
