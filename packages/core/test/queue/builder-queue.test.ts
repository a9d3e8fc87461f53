import { ContainerBuilderError, type QueueEvent } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { buildId, newsOf } from './queue-world.js';
import { useQueueWorld } from './use-queue-world.js';

const make = useQueueWorld();

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Within which a short line is told of changes. */
const SOON = 250;

describe('a queue without a reserve', () => {
	it('does nothing until it is asked', async () => {
		const { provider, advance } = make();
		await advance(10 * MINUTE);
		expect(provider.calls).toEqual([]);
	});

	it('makes a builder for a checkout and destroys it at release', async () => {
		const { queue, advance, leaseOf, daemons, provider } = make();
		const checkout = queue.checkout({ buildId: buildId(1) });
		const news = newsOf(checkout);
		await advance(SECOND);
		const lease = await leaseOf(checkout);
		expect(lease.buildId).toBe(buildId(1));
		expect(daemons.get(lease.builderId)?.leases).toEqual([
			{ leaseId: lease.id, buildId: buildId(1), user: 'tester' },
		]);
		expect(news.at(-1)).toEqual({ type: 'granted', builderId: lease.builderId });
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'connecting', builderId: lease.builderId });
		await lease.release({ status: 'succeeded' });
		await lease.release({ status: 'failed' });
		await advance(SECOND);
		expect(provider.machines).toEqual([]);
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'succeeded' });
		expect((await queue.status()).builders).toEqual([]);
	});

	it('tells places, reasons and estimates', async () => {
		const { queue, advance, leaseOf } = make({
			queue: { pool: { max: 1 } },
			provider: { machines: () => ({ bootMs: 10 * SECOND }) },
		});
		const first = queue.checkout({ buildId: buildId(1) });
		const firstNews = newsOf(first);
		await advance(SOON);
		expect(firstNews.at(-1)).toMatchObject({ type: 'place', place: 1, reason: 'builder-starting' });
		const second = queue.checkout({ buildId: buildId(2) });
		const secondNews = newsOf(second);
		await advance();
		expect(secondNews.at(-1)).toMatchObject({ type: 'place', place: 2, reason: 'all-builders-busy' });
		await advance(20 * SECOND);
		const lease = await leaseOf(first);
		expect(secondNews.at(-1)).toMatchObject({
			...{ type: 'place', place: 1, reason: 'all-builders-busy' },
			...{ starting: 0, busy: 1 },
		});
		expect((await queue.status()).waiting).toMatchObject([{ buildId: buildId(2), place: 1, user: 'tester' }]);
		await lease.release({ status: 'succeeded' });
		await advance(SOON);
		expect(secondNews.at(-1)).toMatchObject({ reason: 'builder-starting', starting: 1, busy: 0 });
		const { estimateMs } = secondNews.at(-1) as { estimateMs?: number };
		expect(estimateMs).toBeGreaterThan(9 * SECOND);
		expect(estimateMs).toBeLessThan(16 * SECOND);
	});

	it('joins checkouts of one id, and grants again what was granted', async () => {
		const { queue, advance, leaseOf, provider, daemons } = make();
		const one = queue.checkout({ buildId: buildId(1) });
		const two = queue.checkout({ buildId: buildId(1) });
		await advance(SECOND);
		const lease = await leaseOf(one);
		expect((await leaseOf(two)).id).toBe(lease.id);
		const three = await leaseOf(queue.checkout({ buildId: buildId(1) }));
		expect(three.id).toBe(lease.id);
		expect(three.token).not.toBe(lease.token);
		expect(daemons.get(lease.builderId)?.tokens).toHaveLength(1);
		expect(provider.machines).toHaveLength(1);
		const stranger = queue.forUser('stranger').checkout({ buildId: buildId(1) });
		await expect(stranger.granted).rejects.toMatchObject({ code: 'forbidden' });
	});

	it('keeps the place while one of those who joined is left', async () => {
		const { queue, advance, leaseOf } = make();
		const one = queue.checkout({ buildId: buildId(1) });
		const two = queue.checkout({ buildId: buildId(1) });
		await one.close();
		await one.close();
		await expect(one.granted).rejects.toMatchObject({ code: 'canceled' });
		await advance(SECOND);
		expect((await leaseOf(two)).buildId).toBe(buildId(1));
	});

	it('gives up the builder of a client that leaves the line', async () => {
		const { queue, advance, provider } = make({ provider: { machines: () => ({ bootMs: MINUTE }) } });
		const controller = new AbortController();
		const checkout = queue.checkout({ buildId: buildId(1) }, { signal: controller.signal });
		await advance(5 * SECOND);
		expect(provider.machines).toHaveLength(1);
		controller.abort('enough');
		await expect(checkout.granted).rejects.toMatchObject({ code: 'canceled', message: 'enough' });
		await advance(SECOND);
		expect(provider.machines).toEqual([]);
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'canceled' });
		expect((await queue.status()).waiting).toEqual([]);
	});

	it('hands a builder that emulates to those for whom there is no native one', async () => {
		const emulate = ['arm64'] as const;
		const { queue, advance } = make({
			queue: {
				pools: [
					{ name: 'emulating', max: 1, architecture: 'amd64', emulate: ['arm64', 'ppc64le'] },
					{ name: 'native', max: 1, architecture: 'arm64' },
				],
			},
			provider: { capabilities: { architectures: ['amd64', 'arm64'], emulates: ['arm64', 'ppc64le'] } },
		});
		const wishes = ['amd64', 'arm64', 'ppc64le'] as const;
		for (const [index, architecture] of wishes.entries()) {
			void queue.checkout({ buildId: buildId(index), architecture }).granted.catch(() => {});
		}
		await advance(SECOND);
		const builds = [];
		for await (const { pool, architecture } of queue.list()) builds.push({ pool, architecture });
		expect(builds).toHaveLength(3);
		expect(builds).toEqual(
			expect.arrayContaining([
				{ pool: 'emulating', architecture: 'amd64' },
				{ pool: 'native', architecture: 'arm64' },
				{ pool: 'emulating', architecture: 'ppc64le' },
			]),
		);
		expect((await queue.status()).pools.map(({ emulates }) => emulates)).toEqual([
			['arm64', 'ppc64le'],
			undefined,
		]);
		expect(() => make({ queue: { pool: { max: 1, emulate } } })).toThrow(/cannot emulate arm64/);
	});

	it('refuses what it does not have', async () => {
		const { queue } = make();
		const refused = [
			[{ buildId: 'short' }, 'invalid-option'],
			[{ buildId: buildId(1), pool: 'other' }, 'unsupported'],
			[{ buildId: buildId(1), architecture: 'arm64' }, 'unsupported'],
		] as const;
		for (const [request, code] of refused) {
			await expect(queue.checkout(request).granted).rejects.toMatchObject({ code });
		}
		const aborted = queue.checkout({ buildId: buildId(1) }, { signal: AbortSignal.abort() });
		await expect(aborted.granted).rejects.toMatchObject({ code: 'canceled' });
		await expect(queue.resume(buildId(9))).rejects.toMatchObject({ code: 'not-found' });
		await expect(queue.cancel(buildId(9))).rejects.toMatchObject({ code: 'not-found' });
	});
});

describe('order and size', () => {
	it('serves first come first, never more than max, never two on one builder', async () => {
		const { queue, advance, provider, daemons } = make({
			queue: { pool: { max: 3 } },
			provider: { machines: () => ({ bootMs: 2 * SECOND }) },
		});
		const granted: string[] = [];
		const leases = new Set<string>();
		for (let number = 1; number <= 9; number++) {
			void queue.checkout({ buildId: buildId(number) }).granted.then(async ({ lease }) => {
				granted.push(lease.buildId);
				expect(leases.has(lease.builderId)).toBe(false);
				leases.add(lease.builderId);
				setImmediate(() => void lease.release({ status: 'succeeded' }));
			});
		}
		for (let step = 0; step < 60; step++) {
			await advance(SECOND);
			expect(provider.machines.length).toBeLessThanOrEqual(3);
		}
		expect(granted).toEqual(Array.from({ length: 9 }, (_, index) => buildId(index + 1)));
		for (const daemon of daemons.values()) expect(daemon.leases).toHaveLength(1);
	});

	it('serves first, of several users, who had a builder for less time', async () => {
		const { queue, advance, leaseOf } = make({ queue: { pool: { max: 1 }, idleMs: 60 * MINUTE } });
		const [ann, bob] = [queue.forUser('ann'), queue.forUser('bob')];
		for (const [user, minutes, number] of [[ann, 50, 1] as const, [bob, 1, 2] as const]) {
			const checkout = user.checkout({ buildId: buildId(number) });
			await advance(5 * SECOND);
			const lease = await leaseOf(checkout);
			await advance(minutes * MINUTE);
			await lease.release({ status: 'succeeded' });
			await advance(5 * SECOND);
		}
		const later = [ann.checkout({ buildId: buildId(3) }), bob.checkout({ buildId: buildId(4) })] as const;
		await advance();
		expect((await queue.status()).waiting.map(({ user }) => user)).toEqual(['bob', 'ann']);
		await advance(5 * SECOND);
		expect((await leaseOf(later[1])).buildId).toBe(buildId(4));
	});

	it('fills the reserve at the start and again after each grant', async () => {
		const { queue, advance, leaseOf } = make({ queue: { pool: { max: 4, reserve: 2 } } });
		await queue.start();
		await advance(2 * SECOND);
		const states = async (): Promise<string[]> =>
			(await queue.status()).builders.map(({ state }) => state).sort();
		expect(await states()).toEqual(['ready', 'ready']);
		const lease = await leaseOf(queue.checkout({ buildId: buildId(1) }));
		await advance(2 * SECOND);
		expect(await states()).toEqual(['leased', 'ready', 'ready']);
		await lease.release({ status: 'succeeded' });
		await advance(2 * SECOND);
		expect(await states()).toEqual(['ready', 'ready']);
	});

	it('makes no more machines at a time than allowed', async () => {
		const { queue, advance, provider } = make({
			queue: { pool: { max: 8, reserve: 8, createConcurrency: 3 } },
			provider: { machines: () => ({ delayMs: 5 * SECOND }) },
		});
		await queue.start();
		const pending = (): number =>
			provider.calls.filter(({ method, state }) => method === 'create' && state === 'pending').length;
		let most = 0;
		for (let step = 0; step < 30; step++) {
			await advance(SECOND);
			most = Math.max(most, pending());
		}
		expect(most).toBe(3);
		expect(provider.machines).toHaveLength(8);
	});

	it('replaces builders in the reserve that grow too old', async () => {
		const { queue, advance, events } = make({
			queue: { pool: { max: 2, reserve: 1, lifetimeMs: 10 * MINUTE }, deadlineMs: 4 * MINUTE },
		});
		await queue.start();
		await advance(2 * SECOND);
		const [first] = (await queue.status()).builders;
		await advance(7 * MINUTE);
		const [second] = (await queue.status()).builders;
		expect(second?.state).toBe('ready');
		expect(second?.id).not.toBe(first?.id);
		expect(events).toContainEqual(
			expect.objectContaining({ type: 'builder-destroy-start', builderId: first?.id, reason: 'expired' }),
		);
	});
});

describe('what goes wrong with machines', () => {
	it('gives a daemon that never answers up, and makes another', async () => {
		const { queue, advance, leaseOf, events, provider } = make({
			queue: { pool: { bootTimeoutMs: 30 * SECOND } },
			provider: { machines: [{ neverReady: true }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(29 * SECOND);
		expect(events.some(({ type }) => type === 'builder-failed')).toBe(false);
		await advance(5 * SECOND);
		expect(events.find(({ type }) => type === 'builder-failed')).toMatchObject({
			error: { code: 'boot-timeout' },
		});
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
		expect(provider.machines.filter(({ state }) => state !== 'deleting')).toHaveLength(1);
	});

	it('does not wait for the daemon of a machine that has failed', async () => {
		const { queue, advance, leaseOf, events, clock } = make({
			provider: { machines: [{ neverReady: true, diesAfterMs: 3 * SECOND }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(15 * SECOND);
		expect(events.find(({ type }) => type === 'builder-failed')).toMatchObject({
			error: { code: 'machine-failed', message: 'the machine has failed: the machine died' },
		});
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
		expect(clock.now()).toBeLessThan(20 * SECOND);
	});

	it('takes no daemon that does not know the secret', async () => {
		const { queue, advance, leaseOf, events, daemons } = make({
			daemon: (index) => ({ impostor: index === 0 }),
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const [impostor, honest] = [...daemons.keys()];
		expect(events).toContainEqual(
			expect.objectContaining({
				type: 'builder-failed',
				builderId: impostor,
				error: expect.objectContaining({ code: 'enrolment-failed' }),
			}),
		);
		expect((await leaseOf(checkout)).builderId).toBe(honest);
	});

	it('makes another when a builder refuses its lease', async () => {
		const { queue, advance, leaseOf, daemons, provider } = make({
			daemon: (index) => ({ refusesLeases: index === 0 }),
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		expect((await leaseOf(checkout)).builderId).toBe([...daemons.keys()][1]);
		expect(provider.machines.filter(({ state }) => state !== 'deleting')).toHaveLength(1);
	});

	it.each(['failed', 'gone'] as const)('replaces a machine of the reserve that dies (%s)', async (how) => {
		const { queue, advance, provider } = make({ queue: { pool: { max: 2, reserve: 1 } } });
		await queue.start();
		await advance(2 * SECOND);
		const [first] = (await queue.status()).builders;
		await provider.kill(first?.id ?? '', how);
		await advance(10 * SECOND);
		const builders = (await queue.status()).builders;
		expect(builders).toMatchObject([{ state: 'ready' }]);
		expect(builders[0]?.id).not.toBe(first?.id);
	});

	it('replaces a builder that its holder has lost, ahead of the line', async () => {
		const { queue, advance, leaseOf, events } = make({ queue: { pool: { max: 1 } } });
		const first = queue.checkout({ buildId: buildId(1) });
		const second = queue.checkout({ buildId: buildId(2) });
		await advance(2 * SECOND);
		const lease = await leaseOf(first);
		const replacing = lease.replace('builder-lost');
		await advance(3 * SECOND);
		const replaced = await replacing;
		expect(replaced.buildId).toBe(buildId(1));
		expect(replaced.builderId).not.toBe(lease.builderId);
		await expect(lease.renew()).rejects.toMatchObject({ code: 'lease-lost' });
		await replaced.release({ status: 'succeeded' });
		await advance(3 * SECOND);
		expect((await leaseOf(second)).buildId).toBe(buildId(2));
		expect(events).toContainEqual(expect.objectContaining({ type: 'lease-end', reason: 'replaced' }));
	});

	it('notices by itself that a leased machine died; the holder can replace it still', async () => {
		const { queue, advance, leaseOf, provider, events } = make();
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		await provider.kill(lease.builderId, 'gone');
		await advance(5 * SECOND);
		expect(events).toContainEqual(expect.objectContaining({ type: 'lease-end', reason: 'builder-lost' }));
		await expect(lease.renew()).rejects.toMatchObject({
			code: 'lease-lost',
			details: { reason: 'builder-lost' },
		});
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'failed', error: { code: 'builder-lost' } });
		const replacing = lease.replace('builder-lost');
		await advance(2 * SECOND);
		expect((await replacing).builderId).not.toBe(lease.builderId);
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'connecting' });
	});

	it('dials a builder again whose control channel breaks', async () => {
		const { queue, advance, leaseOf, transport, daemons, events } = make();
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		const daemon = daemons.get(lease.builderId);
		expect(transport.breakChannels({ channel: 'control' })).toBe(1);
		await advance(2 * SECOND);
		expect(daemon?.dials).toBe(2);
		daemon?.report('building');
		await advance();
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'building' });
		expect(events.some(({ type }) => type === 'builder-failed')).toBe(false);
		expect((await queue.resume(buildId(1))).id).toBe(lease.id);
	});

	it('finds a builder again though the provider does not tell whether it is there', async () => {
		const { queue, advance, leaseOf, transport, provider, events } = make({ queue: { idleMs: 10 * MINUTE } });
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const { endpoint } = await leaseOf(checkout);
		provider.hangNext('list', 10);
		transport.setReachable(endpoint.url, false);
		transport.breakChannels({ url: endpoint.url });
		await advance(15 * SECOND);
		transport.setReachable(endpoint.url, true);
		await advance(2 * MINUTE);
		expect(events.filter(({ type }) => type === 'builder-failed')).toEqual([]);
		expect((await queue.status()).builders).toMatchObject([{ state: 'leased' }]);
	});

	it('notices a silent daemon by its probes', async () => {
		const { queue, advance, transport, daemons } = make({ queue: { pool: { max: 2, reserve: 1 } } });
		await queue.start();
		await advance(2 * SECOND);
		const [first] = [...daemons.keys()];
		const daemon = daemons.get(first ?? '');
		daemon?.fallSilent();
		transport.setReachable(daemon?.endpoint.url ?? '', false);
		await advance(30 * SECOND + 10 * SECOND + 70 * SECOND);
		const builders = (await queue.status()).builders;
		expect(builders).toMatchObject([{ state: 'ready' }]);
		expect(builders[0]?.id).not.toBe(first);
	});

	it('destroys a machine whose making ended in doubt', async () => {
		const { queue, advance, leaseOf, provider } = make({
			provider: { machines: [{ error: { outcome: 'unknown' }, bootMs: SECOND }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
		expect(provider.machines).toHaveLength(1);
	});

	it('tries on until a machine is destroyed', async () => {
		const { queue, advance, leaseOf, provider, events } = make({
			provider: { machines: () => ({ deleteErrors: 3 }) },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		await lease.release({ status: 'succeeded' });
		await advance(SECOND);
		expect((await queue.status()).builders).toMatchObject([{ state: 'destroying' }]);
		await advance(20 * SECOND);
		expect(provider.machines).toEqual([]);
		expect(events.filter(({ type }) => type === 'builder-gone')).toHaveLength(1);
	});
});

describe('what goes wrong with the provider', () => {
	it('does not take a machine for gone that took long to be made, and that the list does not show yet', async () => {
		const { queue, provider, advance, leaseOf } = make({
			queue: { reconcileMs: 2 * MINUTE },
			provider: { listStaleMs: 3 * SECOND, machines: [{ delayMs: 119 * SECOND, bootMs: 10 * SECOND }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(145 * SECOND);
		expect((await leaseOf(checkout)).builderId).toBe(provider.machines[0]?.builderId);
		expect(provider.calls.filter(({ method }) => method === 'create')).toHaveLength(1);
	});

	it('keeps the place of a machine that nobody has seen yet until it is sure that there is none', async () => {
		const { queue, provider, advance } = make({
			queue: { pool: { max: 1 } },
			provider: {
				listStaleMs: 3 * SECOND,
				machines: [{ error: { outcome: 'unknown' }, lingersMs: 20 * SECOND }],
			},
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		for (let second = 0; second < 15; second++) {
			await advance(SECOND);
			expect(provider.machines).toHaveLength(1);
		}
		await advance(30 * SECOND);
		await checkout.granted;
		expect(provider.machines).toHaveLength(1);
		expect(provider.calls.filter(({ method }) => method === 'create')).toHaveLength(2);
	});

	it('tells those who wait, and tries on with growing pauses', async () => {
		const { queue, advance, leaseOf, provider } = make();
		provider.failNext(
			'create',
			new ContainerBuilderError('provider-unavailable', 'Nova answers 503', { outcome: 'none' }),
			5,
		);
		const checkout = queue.checkout({ buildId: buildId(1) });
		const news = newsOf(checkout);
		await advance(20 * SECOND);
		expect(news.at(-1)).toMatchObject({ reason: 'provider-failing', detail: 'Nova answers 503' });
		await advance(20 * SECOND);
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
		const times = provider.calls.filter(({ method }) => method === 'create').map(({ atMs }) => atMs);
		const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
		expect(pauses.map((pause) => Math.round(pause / SECOND))).toEqual([1, 2, 4, 8, 16]);
	});

	it('fails those who wait with an error that time does not mend, and tries anew for the next', async () => {
		const { queue, advance, leaseOf, provider } = make();
		const error = new ContainerBuilderError('builder-image', 'there is no builder image', {
			outcome: 'none',
			hint: 'Make one: cb-image make',
		});
		provider.failNext('create', error, 2);
		const checkouts = [1, 2, 3].map((number) => queue.checkout({ buildId: buildId(number) }));
		await advance();
		for (const checkout of checkouts) await expect(checkout.granted).rejects.toBe(error);
		expect(await queue.find(buildId(2))).toMatchObject({ state: 'failed', error: { code: 'builder-image' } });
		const next = queue.checkout({ buildId: buildId(4) });
		await advance(2 * SECOND);
		expect((await leaseOf(next)).buildId).toBe(buildId(4));
	});

	it('fails nobody for what the provider fails at, after machines have failed', async () => {
		const { queue, advance, leaseOf, provider } = make({
			queue: { pool: { launchRetries: 0 } },
			provider: { machines: [{ fault: 'no valid host was found' }] },
		});
		const first = queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		await expect(first.granted).rejects.toMatchObject({ code: 'machine-failed' });
		provider.failNext('create', new ContainerBuilderError('provider-unavailable', 'no answer'));
		const second = queue.checkout({ buildId: buildId(2) });
		await advance(10 * SECOND);
		expect((await leaseOf(second)).buildId).toBe(buildId(2));
	});

	it.each([
		['says', true],
		['does not say', false],
	])('waits for room, and takes it as soon as there is some: the provider %s', async (_name, headroom) => {
		const { queue, advance, leaseOf, provider } = make({
			provider: { quota: 1, capabilities: { headroom } },
			queue: { pool: { max: 3 } },
		});
		const first = queue.checkout({ buildId: buildId(1) });
		const second = queue.checkout({ buildId: buildId(2) });
		const news = newsOf(second);
		await advance(2 * SECOND);
		const toldSoon = news.length;
		expect(news.at(-1)).toMatchObject({
			reason: 'all-builders-busy',
			detail: expect.stringContaining('no room for more'),
		});
		await advance(50 * SECOND);
		if (headroom) expect(news).toHaveLength(toldSoon);
		expect(news.at(-1)).toMatchObject({ reason: 'all-builders-busy' });
		const creates = provider.calls.filter(({ method }) => method === 'create');
		expect(creates.length).toBeLessThanOrEqual(headroom ? 1 : 8);
		const lease = await leaseOf(first);
		await lease.release({ status: 'succeeded' });
		await advance(2 * SECOND);
		expect((await leaseOf(second)).buildId).toBe(buildId(2));
	});

	it('gives up a create that does not end', async () => {
		const { queue, advance, leaseOf } = make({
			queue: { pool: { createTimeoutMs: 20 * SECOND } },
			provider: { machines: [{ delayMs: 60 * MINUTE }] },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(25 * SECOND);
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
	});

	it('tries on to start while the provider does not list', async () => {
		const { queue, advance, leaseOf, provider } = make();
		provider.failNext('list', new ContainerBuilderError('provider-unavailable', 'no answer'), 2);
		const checkout = queue.checkout({ buildId: buildId(1) });
		const news = newsOf(checkout);
		await advance(SOON);
		expect(news.at(-1)).toMatchObject({ reason: 'provider-failing', detail: 'no answer' });
		await advance(5 * SECOND);
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
	});

	it('rejects start with what time does not mend, and can be started again', async () => {
		const { queue, provider, advance } = make({ queue: { pool: { max: 1, reserve: 1 } } });
		provider.failNext('list', new ContainerBuilderError('provider-auth', 'wrong password'));
		await expect(queue.start()).rejects.toMatchObject({ code: 'provider-auth' });
		await queue.start();
		await advance(2 * SECOND);
		expect((await queue.status()).builders).toMatchObject([{ state: 'ready' }]);
	});
});

describe('leases', () => {
	it('ends when nobody gives a sign of life', async () => {
		const { queue, advance, leaseOf, provider, events } = make({ queue: { idleMs: 30 * SECOND } });
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		for (let step = 0; step < 5; step++) {
			await advance(20 * SECOND);
			await lease.renew();
		}
		expect(provider.machines).toHaveLength(1);
		await advance(31 * SECOND);
		expect(provider.machines).toEqual([]);
		await expect(lease.renew()).rejects.toMatchObject({ code: 'lease-lost' });
		await expect(lease.replace('builder-lost')).rejects.toMatchObject({ code: 'lease-lost' });
		expect(events).toContainEqual(expect.objectContaining({ type: 'lease-end', reason: 'idle' }));
	});

	it('ends at its deadline however often it is renewed', async () => {
		const { queue, advance, leaseOf, provider } = make({
			queue: { idleMs: 30 * SECOND, deadlineMs: 2 * MINUTE },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		for (let step = 0; step < 6; step++) {
			await advance(20 * SECOND);
			expect((await lease.renew()).remainingMs).toBeLessThan(2 * MINUTE);
		}
		await advance(11 * SECOND);
		expect(provider.machines).toEqual([]);
		await expect(lease.renew()).rejects.toMatchObject({ details: { reason: 'deadline' } });
	});

	it('keeps a detached builder as long as asked, and can be resumed', async () => {
		const { queue, advance, leaseOf, provider } = make({ queue: { idleMs: 30 * SECOND } });
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		await lease.detach({ keepMs: 10 * MINUTE });
		await advance(9 * MINUTE);
		const resumed = await queue.resume(buildId(1));
		expect(resumed.id).toBe(lease.id);
		await advance(20 * SECOND);
		expect(provider.machines).toHaveLength(1);
		await resumed.detach({ keepMs: 2 * MINUTE });
		await advance(MINUTE);
		expect(provider.machines).toHaveLength(1);
		await advance(MINUTE + SECOND);
		expect(provider.machines).toEqual([]);
	});

	it('keeps what was promised though somebody has come back, and gone, meanwhile', async () => {
		const { queue, advance, leaseOf, provider } = make({ queue: { idleMs: 30 * SECOND } });
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		await lease.detach({ keepMs: 10 * MINUTE });
		await advance(MINUTE);
		const resumed = await queue.resume(buildId(1));
		await resumed.renew();
		await resumed.detach({ keepMs: MINUTE });
		await advance(8 * MINUTE);
		expect(provider.machines).toHaveLength(1);
		await advance(MINUTE + SECOND);
		expect(provider.machines).toEqual([]);
	});

	it('follows what the builder reports', async () => {
		const { queue, advance, leaseOf, daemons } = make();
		const checkout = queue.checkout({ buildId: buildId(1), labels: { project: 'x' } });
		await advance(2 * SECOND);
		const daemon = daemons.get((await leaseOf(checkout)).builderId);
		for (const phase of ['uploading', 'building', 'built'] as const) {
			daemon?.report(phase);
			await advance();
			expect(await queue.find(buildId(1))).toMatchObject({ state: phase, labels: { project: 'x' } });
		}
	});

	it('cancels a build that waits, and one that runs', async () => {
		const { queue, advance, leaseOf, daemons, provider } = make({ queue: { pool: { max: 1 } } });
		const running = queue.checkout({ buildId: buildId(1) });
		const waiting = queue.checkout({ buildId: buildId(2) });
		await advance(2 * SECOND);
		const lease = await leaseOf(running);
		await queue.cancel(buildId(2), { reason: 'not needed' });
		await expect(waiting.granted).rejects.toMatchObject({ code: 'canceled', message: 'not needed' });
		await queue.cancel(buildId(1), { reason: 'wrong recipe' });
		await advance();
		expect(daemons.get(lease.builderId)?.cancels).toEqual(['wrong recipe']);
		await advance(20 * SECOND);
		expect(provider.machines).toEqual([]);
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'canceled' });
		await queue.cancel(buildId(1));
	});

	it('takes a builder back as soon as its build has ended by a cancellation', async () => {
		const { queue, advance, leaseOf, daemons, provider } = make();
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		await queue.cancel(buildId(1));
		await advance();
		daemons.get(lease.builderId)?.reportEnd('canceled');
		await advance(2 * SECOND);
		expect(provider.machines).toEqual([]);
		expect(await queue.find(buildId(1))).toMatchObject({ state: 'canceled' });
	});

	it.each(['built', 'failed'] as const)(
		'takes a builder back at once whose build is %s already',
		async (phase) => {
			const { queue, advance, leaseOf, daemons, provider } = make();
			const checkout = queue.checkout({ buildId: buildId(1) });
			await advance(2 * SECOND);
			const lease = await leaseOf(checkout);
			await lease.detach({ keepMs: 3_600 * SECOND });
			daemons.get(lease.builderId)?.report(phase);
			daemons.get(lease.builderId)?.reportEnd(phase);
			await advance();
			await queue.cancel(buildId(1));
			await advance();
			expect(provider.machines).toEqual([]);
			expect(await queue.find(buildId(1))).toMatchObject({ state: 'canceled' });
		},
	);

	it('answers who asks for builds before anybody has started it', async () => {
		const { queue } = make();
		await expect(queue.resume(buildId(1))).rejects.toMatchObject({ code: 'not-found' });
		await expect(queue.cancel(buildId(1))).rejects.toMatchObject({ code: 'not-found' });
	});

	it('shows operators everybody’s builds, which they may end but not take over', async () => {
		const users = { byGroup: { staff: { operator: true } } };
		const { queue, advance, leaseOf } = make({ queue: { users, pool: { max: 2 } } });
		const alice = queue.forUser('alice');
		const oscar = queue.forUser('oscar', { groups: ['users', 'staff'] });
		const checkout = alice.checkout({ buildId: buildId(1) });
		const own = oscar.checkout({ buildId: buildId(2) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		await leaseOf(own);
		const builds = async (of: typeof oscar, filter = {}): Promise<string[]> => {
			const found: string[] = [];
			for await (const build of of.list(filter)) found.push(build.buildId);
			return found.sort();
		};
		expect(await builds(oscar)).toEqual([buildId(2)]);
		expect(await builds(oscar, { all: true })).toEqual([buildId(1), buildId(2)]);
		expect(await builds(oscar, { all: true, user: 'alice' })).toEqual([buildId(1)]);
		await expect(builds(alice, { all: true })).rejects.toMatchObject({ code: 'forbidden' });
		expect(await oscar.find(buildId(1))).toMatchObject({ user: 'alice' });
		await expect(oscar.resume(buildId(1))).rejects.toMatchObject({ code: 'not-found' });
		expect(() => oscar.lease(lease.id)).toThrowError(expect.objectContaining({ code: 'not-found' }));
		await expect(alice.cancel(buildId(2))).rejects.toMatchObject({ code: 'not-found' });
		await oscar.cancel(buildId(1), { reason: 'too large' });
		await advance(20 * SECOND);
		expect(await alice.find(buildId(1))).toMatchObject({ state: 'canceled' });
		// The last word of authentication counts.
		queue.forUser('oscar');
		await expect(builds(oscar, { all: true })).rejects.toMatchObject({ code: 'forbidden' });
	});

	it('tells users of others that there are some, not what they build', async () => {
		const { queue, advance, leaseOf } = make({ queue: { pool: { max: 1 } } });
		const [alice, bob] = [queue.forUser('alice'), queue.forUser('bob')];
		const heard: { alice: QueueEvent[]; bob: QueueEvent[] } = { alice: [], bob: [] };
		const stop = new AbortController();
		for (const [name, of] of [
			['alice', alice],
			['bob', bob],
		] as const) {
			void (async () => {
				for await (const event of of.watch({ after: 0, signal: stop.signal })) heard[name].push(event);
			})();
		}
		const checkout = alice.checkout({ buildId: buildId(1) });
		const waiting = bob.checkout({ buildId: buildId(2) });
		waiting.granted.catch(() => {});
		await advance(2 * SECOND);
		await leaseOf(checkout);
		const [mine, his] = [await alice.status(), await bob.status()];
		expect(mine.builders).toMatchObject([{ state: 'leased', user: 'alice', buildId: buildId(1) }]);
		expect(his.builders).toHaveLength(1);
		expect(his.builders[0]).toMatchObject({
			state: 'leased',
			user: undefined,
			buildId: undefined,
			endpoint: undefined,
		});
		expect(mine.waiting).toEqual([]);
		expect(his.waiting).toMatchObject([{ user: 'bob', place: 1 }]);
		expect(JSON.stringify(heard.bob)).not.toMatch(new RegExp(`alice|${buildId(1)}`));
		expect(heard.alice.map(({ type }) => type)).toEqual(
			expect.arrayContaining(['builder-ready', 'lease-start']),
		);
		expect(heard.bob.map(({ type }) => type)).toEqual(
			expect.arrayContaining(['builder-ready', 'checkout-start']),
		);
		stop.abort();
	});

	it('lets users into their pools only', async () => {
		const users = {
			default: { pools: ['small'] },
			byName: { alice: { pools: ['small', 'large'] }, eve: { pools: [] } },
		};
		const { queue, advance } = make({
			queue: {
				users,
				pools: [
					{ name: 'large', max: 1 },
					{ name: 'small', max: 1 },
				],
			},
		});
		const refused = [
			['bob', 'large', 'the pool large is not for you'],
			['eve', undefined, 'no pool of this queue is for you'],
			['bob', 'none', 'this queue has no pool none'],
		] as const;
		for (const [user, pool, message] of refused) {
			const checkout = queue.forUser(user).checkout({ buildId: buildId(1), pool });
			await expect(checkout.granted).rejects.toMatchObject({
				code: pool === 'none' ? 'unsupported' : 'forbidden',
				message,
			});
		}
		for (const [index, user] of ['bob', 'alice'].entries()) {
			queue
				.forUser(user)
				.checkout({ buildId: buildId(index) })
				.granted.catch(() => {});
		}
		await advance(SECOND);
		expect(await queue.find(buildId(0))).toMatchObject({ user: 'bob', pool: 'small' });
		expect(await queue.find(buildId(1))).toMatchObject({ user: 'alice', pool: 'large' });
	});

	it('shows users their own builds only', async () => {
		const { queue, advance, leaseOf } = make();
		const alice = queue.forUser('alice');
		const bob = queue.forUser('bob');
		const checkout = alice.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		expect(await alice.find(buildId(1))).toMatchObject({ user: 'alice' });
		expect(await bob.find(buildId(1))).toBeUndefined();
		await expect(bob.resume(buildId(1))).rejects.toMatchObject({ code: 'not-found' });
		await expect(bob.cancel(buildId(1))).rejects.toMatchObject({ code: 'not-found' });
		expect(() => bob.lease(lease.id)).toThrowError(expect.objectContaining({ code: 'not-found' }));
		const builds = async (queueOf: typeof bob, user?: string): Promise<string[]> => {
			const found: string[] = [];
			for await (const build of queueOf.list({ user })) found.push(build.buildId);
			return found;
		};
		expect(await builds(bob)).toEqual([]);
		expect(await builds(bob, 'alice')).toEqual([]);
		expect(await builds(alice)).toEqual([buildId(1)]);
		expect(await builds(queue, 'alice')).toEqual([buildId(1)]);
		expect((await queue.status()).builders).toMatchObject([{ user: 'alice', buildId: buildId(1) }]);
	});
});

describe('beginning and end', () => {
	it('destroys what a queue of its name left behind before it makes anything', async () => {
		const { provider, queue, advance } = make({ queue: { pool: { max: 2, reserve: 1 } } });
		const request = {
			builderId: 'left-over',
			pool: 'default',
			architecture: 'amd64' as const,
			bootstrap: new Uint8Array(),
			lifetimeMs: MINUTE,
			network: 'shared' as const,
			labels: {},
		};
		const withoutDaemon = { ...request, bootstrap: Buffer.from('{}') };
		await provider.create({ ...withoutDaemon, owner: 'test' });
		await provider.create({ ...withoutDaemon, owner: 'somebody-else', builderId: 'theirs' });
		await queue.start();
		await advance(2 * SECOND);
		const ids = provider.machines.map(({ builderId }) => builderId);
		expect(ids).not.toContain('left-over');
		expect(ids).toContain('theirs');
		expect(ids).toHaveLength(2);
	});

	it('destroys, now and then, what it does not know', async () => {
		const { provider, queue, advance } = make({ queue: { pool: { max: 2, reserve: 1 } } });
		await queue.start();
		await advance(2 * SECOND);
		await provider.create({
			builderId: 'stray',
			owner: 'test',
			pool: 'default',
			architecture: 'amd64',
			bootstrap: new Uint8Array(),
			lifetimeMs: MINUTE,
			network: 'shared',
			labels: {},
		});
		await advance(2 * MINUTE);
		expect(provider.machines.map(({ builderId }) => builderId)).not.toContain('stray');
		expect(provider.machines).toHaveLength(1);
	});

	it('leaves nothing behind when it is closed, whatever is under way', async () => {
		const { queue, advance, leaseOf, provider, clock, events, transport } = make({
			queue: { pool: { max: 4, reserve: 1 } },
			provider: { machines: (_request, index) => ({ bootMs: index * 10 * SECOND, deleteErrors: index }) },
		});
		const leased = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(leased);
		const waiting = [2, 3, 4, 5].map((number) => queue.checkout({ buildId: buildId(number) }));
		await advance(SECOND);
		const closing = Promise.all([queue.close(), queue.close()]);
		await expect(queue.checkout({ buildId: buildId(9) }).granted).rejects.toMatchObject({
			code: 'queue-closed',
		});
		expect((await queue.status()).state).toBe('draining');
		for (const checkout of waiting) {
			await expect(checkout.granted).rejects.toMatchObject({ code: 'queue-closed' });
		}
		await expect(lease.renew()).rejects.toMatchObject({ code: 'lease-lost' });
		await advance(MINUTE);
		await closing;
		expect(provider.machines).toEqual([]);
		expect((await queue.status()).state).toBe('closed');
		expect(clock.pending).toBe(0);
		expect(transport.breakChannels()).toBe(0);
		expect(events.at(-1)).toMatchObject({ type: 'queue-state', state: 'closed' });
		await expect(queue.start()).rejects.toMatchObject({ code: 'queue-closed' });
	});

	it('waits at its end until the provider lists nothing any more', async () => {
		const { queue, advance, leaseOf, clock } = make({
			provider: { machines: () => ({ lingersMs: 20 * SECOND }) },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		await leaseOf(checkout);
		const before = clock.now();
		let closedAt: number | undefined;
		void queue.close().then(() => {
			closedAt = clock.now();
		});
		await advance(MINUTE);
		expect((closedAt ?? 0) - before).toBeGreaterThanOrEqual(20 * SECOND);
	});

	it('says what is left when it cannot destroy all', async () => {
		const { queue, advance, leaseOf } = make({
			queue: { closeTimeoutMs: 30 * SECOND },
			provider: { machines: () => ({ deleteErrors: 1_000 }) },
		});
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		const lease = await leaseOf(checkout);
		const closing = expect(queue.close()).rejects.toMatchObject({
			code: 'provider-unavailable',
			message: expect.stringContaining(lease.builderId),
		});
		await advance(31 * SECOND);
		await closing;
	});

	it('asks the provider nothing when it is closed unused', async () => {
		const { queue, provider } = make();
		await queue.close();
		expect(provider.calls).toEqual([]);
	});

	it('numbers its events and replays those that are kept', async () => {
		const { queue, advance, leaseOf, events } = make();
		const checkout = queue.checkout({ buildId: buildId(1) });
		await advance(2 * SECOND);
		await leaseOf(checkout);
		const seen: number[] = [];
		const controller = new AbortController();
		const watching = (async () => {
			for await (const event of queue.watch({ after: 2, signal: controller.signal }))
				seen.push(event.sequence);
		})();
		await advance();
		expect(seen).toEqual(events.slice(2).map(({ sequence }) => sequence));
		expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
		controller.abort();
		await watching;
		expect(events.map(({ type }) => type)).toEqual([
			'checkout-start',
			'builder-create-start',
			'builder-progress',
			'builder-create-end',
			'builder-progress',
			'builder-ready',
			'lease-start',
			'checkout-end',
		]);
	});
});
