import { ContainerBuilderError } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { buildId } from '../queue-world.js';
import { useQueueWorld } from '../use-queue-world.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const REQUEST = {
	architecture: 'amd64',
	network: 'shared',
	pool: 'default',
	labels: {},
	lifetimeMs: 60 * MINUTE,
} as const;

const make = useQueueWorld();

/** What the users of OpenStack's pools learned the hard way, as Nodepool's own tests name it: of machines. */
describe('lessons of others, of machines', () => {
	it('leaked node: destroys what bears its name and nobody knows, and nobody else’s', async () => {
		const { queue, provider, advance } = make({ queue: { reconcileMs: MINUTE } });
		await queue.start();
		const request = { ...REQUEST, bootstrap: new Uint8Array() };
		await provider.create({ ...request, owner: 'test', builderId: 'b-leaked' });
		await provider.create({ ...request, owner: 'other', builderId: 'b-of-others' });
		await advance(2 * MINUTE);
		expect(provider.machines.map(({ builderId }) => builderId)).toEqual(['b-of-others']);
	});

	it('leaked port: removes what machines have left behind, and says so', async () => {
		const said: unknown[] = [];
		const log = (fields: object, message: string): void => void said.push({ ...fields, message });
		const port = { kind: 'port', id: 'port-1' };
		const { queue, provider, advance, leaseOf } = make({
			queue: { reconcileMs: MINUTE, logger: { debug: log, info: log, warn: log, error: log } },
			provider: { machines: [{ leavesBehind: [port] }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		await (await leaseOf(checkout)).release({ status: 'succeeded' });
		// What is younger may be of a machine that is being made.
		await advance(15 * MINUTE);
		expect(said).toContainEqual(expect.objectContaining({ removed: [port] }));
		expect(await provider.sweep({ owner: 'test', keep: new Set(), olderThanMs: 0 })).toEqual([]);
	});

	it('lost request: a create that is never answered costs its client time, and the cloud nothing', async () => {
		const { queue, provider, advance, leaseOf } = make({
			queue: { pool: { max: 1, createTimeoutMs: 30 * SECOND }, reconcileMs: MINUTE },
			provider: { machines: [{ answerLost: true }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		for (let second = 0; second < 60; second++) {
			await advance(SECOND);
			expect(provider.machines.length).toBeLessThanOrEqual(1);
		}
		const { builderId } = await leaseOf(checkout);
		expect(provider.machines.map((machine) => machine.builderId)).toEqual([builderId]);
		expect(provider.calls.filter(({ method }) => method === 'create')).toHaveLength(2);
	});

	it('delete failure: is tried again with growing pauses, keeps its place, and is nobody else’s trouble', async () => {
		const { queue, provider, advance, leaseOf } = make({
			queue: { pool: { max: 2 }, reconcileMs: 60 * MINUTE },
			provider: { machines: [{ deleteErrors: 4 }] },
		});
		const first = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const stuck = await leaseOf(first);
		await stuck.release({ status: 'succeeded' });
		const others = [2, 3].map((number) => queue.checkout({ buildId: buildId(number) }));
		await advance(3 * SECOND);
		const [second, third] = others;
		expect(second && (await leaseOf(second)).builderId).not.toBe(stuck.builderId);
		expect(third && (await Promise.race([third.granted, 'waits']))).toBe('waits');
		await advance(MINUTE);
		expect(third && (await leaseOf(third)).builderId).not.toBe(stuck.builderId);
		const times = provider.calls
			.filter(({ method, builderId }) => method === 'destroy' && builderId === stuck.builderId)
			.map(({ atMs }) => atMs);
		const pauses = times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / SECOND));
		expect(pauses).toEqual([1, 2, 4, 8]);
	});

	it('delete error after launch error: the place is free in the end, and who waits is served', async () => {
		const { queue, provider, advance, leaseOf } = make({
			queue: { pool: { max: 1 } },
			provider: { machines: [{ fault: 'No valid host was found.', deleteErrors: 3 }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(30 * SECOND);
		const { builderId } = await leaseOf(checkout);
		expect(provider.machines.map((machine) => machine.builderId)).toEqual([builderId]);
	});

	it('ready age: what waits too long in the reserve is replaced, the new one first; what is leased stays', async () => {
		const { queue, provider, advance, leaseOf } = make({
			queue: { pool: { max: 3, reserve: 1, maxReserveAgeMs: 10 * MINUTE }, idleMs: 60 * MINUTE },
		});
		await queue.start();
		await advance(2 * SECOND);
		const lease = await leaseOf(queue.checkout({ buildId: buildId(1) }));
		await advance(5 * SECOND);
		const [old] = provider.machines.filter(({ builderId }) => builderId !== lease.builderId);
		let least = Infinity;
		for (let minute = 0; minute < 15; minute++) {
			await advance(MINUTE);
			const { builders } = await queue.status();
			least = Math.min(least, builders.filter(({ state }) => state === 'ready').length);
		}
		const left = provider.machines.map(({ builderId }) => builderId);
		expect(left).toHaveLength(2);
		expect(left).toContain(lease.builderId);
		expect(left).not.toContain(old?.builderId);
		expect(least).toBe(1);
	});

	it('request order: who came first is served first, whichever machine is ready first', async () => {
		const { queue, advance } = make({
			queue: { pool: { max: 3, createConcurrency: 3 } },
			provider: { machines: [{ bootMs: 60 * SECOND }, { bootMs: 30 * SECOND }, { bootMs: 10 * SECOND }] },
		});
		const order: string[] = [];
		for (const number of [1, 2, 3]) {
			const checkout = queue.checkout({ buildId: buildId(number) });
			void checkout.granted.then(() => order.push(checkout.buildId));
		}
		await advance(20 * SECOND);
		expect(order).toEqual([buildId(1)]);
		await advance(MINUTE);
		expect(order).toEqual([buildId(1), buildId(2), buildId(3)]);
	});

	it('a launch that fails for good fails who waits, and tells why', async () => {
		const { queue, advance } = make({
			queue: { pool: { max: 1, launchRetries: 2 } },
			provider: { machines: () => ({ fault: 'No valid host was found.' }) },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(5 * MINUTE);
		const error = ContainerBuilderError.from(await checkout.granted.catch((caught: unknown) => caught));
		expect(error).toMatchObject({ code: 'machine-failed' });
		expect(error.message).toContain('No valid host was found.');
	});
});
