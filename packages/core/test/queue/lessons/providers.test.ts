import { ContainerBuilderError, type MachineRequest } from '@olcf/container-builder-core';
import { type FakeQuota, fakeProvider } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { buildId, newsOf } from '../queue-world.js';
import { ScriptedDaemon } from '../scripted-daemon.js';
import { useQueueWorld } from '../use-queue-world.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const GIB = 2 ** 30;

const make = useQueueWorld();

const used = (existing: readonly MachineRequest[], limit: 'cpus' | 'memoryBytes'): number =>
	existing.reduce((sum, { limits }) => sum + (limits?.[limit] ?? 0), 0);
/** What a project of a cloud may have at a time, of each kind; two small machines, or one and no big one. */
const QUOTAS: Readonly<Record<string, FakeQuota>> = {
	instances: 2,
	cores: ({ limits }, existing) => Math.floor((4 - used(existing, 'cpus')) / (limits?.cpus ?? 1)),
	memory: ({ limits }, existing) =>
		Math.floor((8 * GIB - used(existing, 'memoryBytes')) / (limits?.memoryBytes ?? GIB)),
};
const SMALL = { name: 'small', max: 4, limits: { cpus: 2, memoryBytes: 4 * GIB } };
const BIG = { name: 'big', max: 4, limits: { cpus: 4, memoryBytes: 8 * GIB } };

/** What the users of OpenStack's pools learned the hard way, as Nodepool's own tests name it: of clouds. */
describe('lessons of others, of providers', () => {
	it('quota at pool: one that is full holds up nobody else', async () => {
		const { queue, advance, leaseOf, provider } = make({
			queue: {
				pools: [
					{ name: 'one', max: 1 },
					{ name: 'two', max: 2 },
				],
			},
		});
		const ones = [1, 2].map((number) => queue.checkout({ buildId: buildId(number), pool: 'one' }));
		const twos = [3, 4].map((number) => queue.checkout({ buildId: buildId(number), pool: 'two' }));
		await advance(10 * SECOND);
		expect(provider.machines).toHaveLength(3);
		for (const checkout of [ones[0], ...twos]) expect(checkout && (await leaseOf(checkout))).toBeDefined();
		expect(ones[1] && (await Promise.race([ones[1].granted, 'waits']))).toBe('waits');
	});

	it.each(Object.entries(QUOTAS))(
		'quota at cloud, of %s: waits without hammering, and goes on as soon as there is room',
		async (_name, quota) => {
			const { queue, advance, leaseOf, provider } = make({
				provider: { quota },
				queue: { pool: SMALL, idleMs: 60 * MINUTE },
			});
			const checkouts = [1, 2, 3].map((number) => queue.checkout({ buildId: buildId(number) }));
			const [first, second, third] = checkouts;
			if (!first || !second || !third) throw new Error('there are three');
			const news = newsOf(third);
			await advance(10 * MINUTE);
			const lease = await leaseOf(first);
			await leaseOf(second);
			expect(provider.calls.filter(({ method }) => method === 'create')).toHaveLength(2);
			expect(news.at(-1)).toMatchObject({ detail: expect.stringContaining('no room for more') });
			await lease.release({ status: 'succeeded' });
			await advance(5 * SECOND);
			await leaseOf(third);
		},
	);

	it.each(['cores', 'memory'])(
		'quota at cloud, of %s: what fits is not held up by what does not',
		async (name) => {
			const { queue, advance, leaseOf } = make({
				provider: { quota: QUOTAS[name] },
				queue: { pools: [BIG, SMALL], idleMs: 60 * MINUTE },
			});
			const first = queue.checkout({ buildId: buildId(1), pool: 'small' });
			await advance(5 * SECOND);
			const big = queue.checkout({ buildId: buildId(2), pool: 'big' });
			await advance(MINUTE);
			const second = queue.checkout({ buildId: buildId(3), pool: 'small' });
			await advance(MINUTE);
			const leases = [await leaseOf(first), await leaseOf(second)];
			expect(await Promise.race([big.granted, 'waits'])).toBe('waits');
			for (const lease of leases) await lease.release({ status: 'succeeded' });
			await advance(MINUTE);
			await leaseOf(big);
		},
	);

	it('zone change: what is leased ends in peace where it is, what comes is of the other', async () => {
		const { queue, advance, leaseOf, provider, transport, clock } = make({
			queue: { pool: { max: 4, reserve: 1 }, idleMs: 60 * MINUTE },
		});
		const other = fakeProvider({
			name: 'other',
			clock,
			onBoot: async ({ endpoint }, bootstrap) => {
				if (endpoint === undefined) throw new TypeError('a machine without an endpoint');
				return await ScriptedDaemon.start(transport, endpoint, bootstrap);
			},
		});
		await using _ = other;
		const lease = await (async () => {
			const checkout = queue.checkout({ buildId: buildId(1) });
			await advance(5 * SECOND);
			return await leaseOf(checkout);
		})();
		queue.configure({
			pool: { name: 'other-zone', max: 4, reserve: 1, provider: other },
			idleMs: 60 * MINUTE,
		});
		await advance(MINUTE);
		expect(provider.machines.map(({ builderId }) => builderId)).toEqual([lease.builderId]);
		expect(other.machines).toHaveLength(1);
		await lease.renew();
		const next = queue.checkout({ buildId: buildId(2) });
		await advance(5 * SECOND);
		const { builderId } = await leaseOf(next);
		expect(other.machines.map((machine) => machine.builderId)).toContain(builderId);
		await lease.release({ status: 'succeeded' });
		await advance(10 * SECOND);
		expect(provider.machines).toEqual([]);
		const closing = queue.close();
		await advance(MINUTE);
		await closing;
		expect(other.machines).toEqual([]);
	});

	it('a provider that fails at once is not hammered, and serves who waits when it works again', async () => {
		let works = false;
		const failure = { error: { outcome: 'none', message: 'Nova answers 503' } } as const;
		const { queue, advance, leaseOf, provider } = make({
			provider: { machines: () => (works ? {} : failure) },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		const news = newsOf(checkout);
		await advance(60 * MINUTE);
		const times = provider.calls.filter(({ method }) => method === 'create').map(({ atMs }) => atMs);
		const pauses = times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / SECOND));
		expect(pauses.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 60]);
		expect(pauses.length).toBeLessThan(70);
		expect(news.at(-1)).toMatchObject({ reason: 'provider-failing', detail: 'Nova answers 503' });
		works = true;
		await advance(2 * MINUTE);
		await leaseOf(checkout);
	});

	it('a provider that wedges holds up no other one, and the queue can be closed', async () => {
		const { queue, advance, leaseOf, provider, transport, clock } = make({
			queue: { pool: { max: 1 } },
		});
		const wedged = fakeProvider({ name: 'wedged', clock });
		await using _ = wedged;
		wedged.hangNext('create', 1_000);
		wedged.hangNext('list', 1_000);
		queue.configure({
			pools: [
				{ name: 'good', max: 1 },
				{ name: 'wedged', max: 2, reserve: 1, provider: wedged, createTimeoutMs: MINUTE },
			],
		});
		const stuck = queue.checkout({ buildId: buildId(1), pool: 'wedged' });
		const good = queue.checkout({ buildId: buildId(2), pool: 'good' });
		await advance(10 * SECOND);
		expect((await leaseOf(good)).builderId).toBe(provider.machines[0]?.builderId);
		await advance(10 * MINUTE);
		expect(await Promise.race([stuck.granted, 'waits'])).toBe('waits');
		const closing = queue.close().catch((error: unknown) => ContainerBuilderError.from(error).code);
		await advance(5 * MINUTE);
		await closing;
		expect(provider.machines).toEqual([]);
		expect(transport.listening).toEqual([]);
	});

	it('disabled provider: makes nothing, lets end what runs, and serves again when it is on', async () => {
		const pool = { max: 2, reserve: 1 };
		const { queue, advance, leaseOf, provider } = make({ queue: { pool, idleMs: 60 * MINUTE } });
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const lease = await leaseOf(checkout);
		queue.configure({ pool: { ...pool, enabled: false }, idleMs: 60 * MINUTE });
		await advance(MINUTE);
		expect(provider.machines.map(({ builderId }) => builderId)).toEqual([lease.builderId]);
		await lease.renew();
		const waiting = queue.checkout({ buildId: buildId(2) });
		const settled = Promise.race([
			waiting.granted.then(() => 'granted').catch(() => 'refused'),
			advance(MINUTE).then(() => 'waits'),
		]);
		expect(await settled).not.toBe('granted');
		await lease.release({ status: 'succeeded' });
		await advance(MINUTE);
		expect(provider.machines).toEqual([]);
		queue.configure({ pool, idleMs: 60 * MINUTE });
		const next = queue.checkout({ buildId: buildId(3) });
		await advance(MINUTE);
		await leaseOf(next);
	});
});
