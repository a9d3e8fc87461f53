import { ContainerBuilderError, QUEUE_STEPS, type QueueStep } from '@olcf/container-builder-core';
import { afterEach, describe, expect, it } from 'vitest';
import { type QueueLives, queueLives } from './queue-lives.js';
import { buildId, newsOf } from './queue-world.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let lives: QueueLives | undefined;
afterEach(() => lives?.[Symbol.asyncDispose]());
const make = (options?: Parameters<typeof queueLives>[0]): QueueLives => {
	lives = queueLives(options);
	return lives;
};
const RESERVE = { pool: { max: 3, reserve: 1 } };

describe('a queue whose process was killed', () => {
	it('takes its reserve over', async () => {
		const { begin, advance, provider } = make();
		const first = begin(RESERVE);
		await first.queue.start();
		await advance(5 * SECOND);
		const [machine] = provider.machines;
		await first.crash();
		const second = begin(RESERVE);
		await second.queue.start();
		await advance(5 * SECOND);
		expect(provider.machines.map(({ id }) => id)).toEqual([machine?.id]);
		expect((await second.queue.status()).builders).toMatchObject([
			{ id: machine?.builderId, state: 'ready' },
		]);
	});

	it('goes on with a build whose client was talking to its builder all along', async () => {
		const { begin, advance, provider, daemons } = make();
		const first = begin(RESERVE);
		const checkout = first.queue.checkout({ buildId: buildId(1), labels: { of: 'mine' } });
		await advance(5 * SECOND);
		const { lease } = await checkout.granted;
		daemons.get(lease.builderId)?.report('building');
		await advance(SECOND);
		const { remainingMs } = await lease.renew();
		await first.crash();
		await advance(20 * SECOND);

		const second = begin(RESERVE);
		await second.queue.start();
		await advance(SECOND);
		expect(await second.queue.find(buildId(1))).toMatchObject({
			state: 'building',
			builderId: lease.builderId,
			labels: { of: 'mine' },
			ageMs: 27 * SECOND,
		});
		expect(await second.queue.lease(lease.id).renew()).toEqual({
			remainingMs: remainingMs - 21 * SECOND,
		});
		const resumed = await second.queue.resume(buildId(1));
		expect(resumed).toMatchObject({ id: lease.id, endpoint: lease.endpoint });
		expect(resumed.token).not.toBe(lease.token);
		await resumed.release({ status: 'succeeded' });
		await advance(5 * SECOND);
		expect(await second.queue.find(buildId(1))).toMatchObject({ state: 'succeeded' });
		expect(provider.machines).toHaveLength(1);
		expect(provider.machines[0]?.builderId).not.toBe(lease.builderId);
	});

	it('takes a builder back whose client does not come', async () => {
		const { begin, advance, provider } = make();
		const first = begin({ idleMs: MINUTE });
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		await checkout.granted;
		await first.crash();
		const second = begin({ idleMs: MINUTE });
		await second.queue.start();
		await advance(59 * SECOND);
		expect(provider.machines).toHaveLength(1);
		await advance(5 * SECOND);
		expect(provider.machines).toEqual([]);
		expect(await second.queue.find(buildId(1))).toMatchObject({
			state: 'failed',
			error: { code: 'lease-lost' },
		});
	});

	it('keeps a detached build for as long as it was promised', async () => {
		const { begin, advance, provider } = make();
		const first = begin();
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const { lease } = await checkout.granted;
		await lease.detach({ keepMs: 20 * MINUTE });
		await first.crash();
		await advance(10 * MINUTE);
		const second = begin();
		await second.queue.start();
		await advance(9 * MINUTE);
		expect(provider.machines).toHaveLength(1);
		await advance(2 * MINUTE);
		expect(provider.machines).toEqual([]);
	});

	it('cancels what was being canceled', async () => {
		const { begin, advance, provider, daemons } = make();
		const first = begin();
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const { lease } = await checkout.granted;
		await first.queue.cancel(buildId(1), { reason: 'not wanted' });
		await first.crash();
		const second = begin();
		await second.queue.start();
		await advance(SECOND);
		expect(daemons.get(lease.builderId)?.cancels).toEqual(['not wanted', 'not wanted']);
		await advance(20 * SECOND);
		expect(await second.queue.find(buildId(1))).toMatchObject({ state: 'canceled' });
		expect(provider.machines).toEqual([]);
	});

	it('keeps the places of those who wait and come back, and forgets who does not', async () => {
		const { begin, advance } = make();
		const one = { pool: { max: 1 } };
		const first = begin(one);
		const busy = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const { lease } = await busy.granted;
		for (const number of [2, 3, 4]) {
			first.queue.checkout({ buildId: buildId(number) });
			await advance(SECOND);
		}
		await first.crash();
		const second = begin(one);
		await second.queue.start();
		const late = newsOf(second.queue.checkout({ buildId: buildId(4) }));
		const early = newsOf(second.queue.checkout({ buildId: buildId(2) }));
		await advance(SECOND);
		expect(early.at(-1)).toMatchObject({ type: 'place', place: 1 });
		expect(late.at(-1)).toMatchObject({ type: 'place', place: 2 });
		const keep = setIntervalOf(second.queue.lease(lease.id));
		for (let minute = 0; minute < 6; minute++) {
			await keep();
			await advance(MINUTE / 2);
		}
		expect(await second.queue.find(buildId(3))).toMatchObject({ state: 'canceled' });
		expect(await second.queue.find(buildId(2))).toMatchObject({ state: 'queued' });
	});

	it('fails the build of a machine that went meanwhile, as nobody’s fault but ours', async () => {
		const { begin, advance, provider } = make();
		const first = begin();
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const { lease } = await checkout.granted;
		await first.crash();
		await provider.kill(lease.builderId, 'gone');
		const second = begin();
		await second.queue.start();
		await advance(10 * SECOND);
		expect(await second.queue.find(buildId(1))).toMatchObject({
			state: 'failed',
			error: { code: 'builder-lost' },
		});
		expect((await second.queue.status()).builders).toEqual([]);
	});

	it('destroys what it has never known, and warns of it', async () => {
		const { begin, advance, provider } = make();
		const stranger = begin({ ...RESERVE, store: undefined });
		await stranger.queue.start();
		await advance(5 * SECOND);
		expect(provider.machines).toHaveLength(1);
		await stranger.crash();
		const warnings: string[] = [];
		const warn = (_: object, message: string): void => void warnings.push(message);
		const logger = { debug() {}, info() {}, warn, error() {} };
		const second = begin({ logger });
		await second.queue.start();
		await advance(5 * SECOND);
		expect(provider.machines).toEqual([]);
		expect(warnings.join('\n')).toMatch(/1 machines? .*never known.*same owner/s);
	});

	it('goes on although the provider cannot be reached', async () => {
		const { begin, advance, provider } = make();
		const first = begin();
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const { lease } = await checkout.granted;
		await first.crash();
		const second = begin();
		provider.failNext('list', new ContainerBuilderError('provider-unavailable', 'no answer'), 100);
		void second.queue.start();
		await advance(30 * SECOND);
		expect((await second.queue.resume(buildId(1))).id).toBe(lease.id);
	});

	it('lets a checkout that comes before all is known find its build', async () => {
		const { begin, advance } = make();
		const first = begin();
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		const { lease } = await checkout.granted;
		await first.crash();
		const second = begin();
		const again = second.queue.checkout({ buildId: buildId(1) });
		await advance(SECOND);
		expect((await again.granted).lease).toMatchObject({ id: lease.id, builderId: lease.builderId });
	});

	it('has leased nothing to a build that is not written down', async () => {
		const { begin, advance } = make({ writeMs: (key) => (key.includes('/build/') ? 10 * SECOND : 0) });
		const first = begin({ ...RESERVE, crashAt: (step) => step === 'lease-recorded' });
		await first.queue.start();
		await advance(5 * SECOND);
		first.queue.checkout({ buildId: buildId(1), labels: { of: 'mine' } });
		await advance(MINUTE);
		expect(first.signal.aborted).toBe(true);
		const second = begin(RESERVE);
		await second.queue.start();
		await advance(SECOND);
		expect(await second.queue.find(buildId(1))).toMatchObject({ labels: { of: 'mine' } });
	});

	it('keeps to the limits of users, though the end of a lease was not written down', async () => {
		const limited = { pool: { max: 2, reserve: 1 }, users: { default: { running: 1 } } };
		const slowly = (key: string): number => (key.includes('/build/') ? 5 * SECOND : 0);
		const { begin, advance } = make({ writeMs: slowly });
		let leases = 0;
		const first = begin({ ...limited, crashAt: (step) => step === 'lease-recorded' && ++leases === 2 });
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		first.queue.checkout({ buildId: buildId(2) });
		await advance(20 * SECOND);
		const { lease } = await checkout.granted;
		await advance(10 * SECOND);
		void lease.release({ status: 'succeeded' });
		await advance(MINUTE);
		expect(first.signal.aborted).toBe(true);
		const second = begin(limited);
		await second.queue.start();
		await advance(SECOND);
		const { builders } = await second.queue.status();
		expect(builders.flatMap(({ buildId: build }) => build ?? [])).toEqual([buildId(2)]);
	});

	it('gives a build to nobody else, though its own record cannot be read', async () => {
		const { begin, advance, store } = make();
		const first = begin();
		const checkout = first.queue.checkout({ buildId: buildId(1) });
		await advance(5 * SECOND);
		await checkout.granted;
		await first.crash();
		const key = `queue/test/build/${buildId(1)}`;
		const hold = await store.acquire('somebody', { ttlMs: MINUTE });
		const ifVersion = (await store.get(key))?.version ?? null;
		await store.put(key, 'nonsense', { ifVersion, fence: hold.fence });
		const second = begin();
		await second.queue.start();
		const stranger = second.queue.forUser('stranger').checkout({ buildId: buildId(1) });
		await expect(stranger.granted).rejects.toMatchObject({ code: 'forbidden' });
	});

	it('remembers what users have used', async () => {
		const { begin, advance } = make();
		const first = begin({ pool: { max: 1 } });
		const [ann, bob] = [first.queue.forUser('ann'), first.queue.forUser('bob')];
		const used = ann.checkout({ buildId: buildId(1) });
		await advance(30 * MINUTE);
		await (await used.granted).lease.release({ status: 'succeeded' });
		expect(bob.user).toBe('bob');
		await advance(5 * SECOND);
		await first.crash();
		const second = begin({ pool: { max: 1 } });
		const hers = second.queue.forUser('ann').checkout({ buildId: buildId(2) });
		await advance(0);
		const his = second.queue.forUser('bob').checkout({ buildId: buildId(3) });
		await advance(5 * SECOND);
		expect((await his.granted).lease.buildId).toBe(buildId(3));
		const settled = await Promise.race([hers.granted.then(() => 'granted'), Promise.resolve('waits')]);
		expect(settled).toBe('waits');
	});
});

/** A sign of life, each time it is called. */
function setIntervalOf(lease: { renew(): Promise<unknown> }): () => Promise<unknown> {
	return () => lease.renew();
}

describe('a queue that is killed at whatever point', () => {
	/** A day in short: a build that ends well, one that is detached, one that is canceled, one resumed. */
	const reached = new Set<QueueStep>();
	for (const step of QUEUE_STEPS) {
		it(`after ${step}: nothing is lost, nothing is left`, async () => {
			const { begin, advance, provider, daemons } = make({
				provider: { machines: () => ({ delayMs: SECOND, bootMs: SECOND, deleteDelayMs: SECOND }) },
			});
			let crashed = false;
			const crashAt = (reachedStep: QueueStep): boolean => {
				reached.add(reachedStep);
				if (crashed || reachedStep !== step) return false;
				crashed = true;
				return true;
			};
			let life = begin({ ...RESERVE, crashAt });
			void life.queue.start().catch(() => {});
			let crashes = 0;
			/** Lets time pass; a queue that was killed is started again ten seconds later. */
			const pass = async (ms: number): Promise<void> => {
				await advance(ms);
				if (!crashed || crashes > 0) return;
				crashes++;
				await advance(10 * SECOND);
				life = begin(RESERVE);
				void life.queue.start().catch(() => {});
				await advance(5 * SECOND);
			};
			/** As clients do whose connection broke: the same again. */
			const insist = async <T>(ask: () => Promise<T>): Promise<T> => {
				for (let times = 0; times < 30; times++) {
					const unheard = Symbol('unheard');
					const asked = ask();
					asked.catch(() => {});
					await pass(2 * SECOND);
					const answer = await Promise.race([asked, advance().then(() => unheard)]);
					if (answer !== unheard) return answer as T;
				}
				throw new Error('nobody answers');
			};
			const build = async (number: number): Promise<void> => {
				const lease = await insist(async () => {
					const checkout = life.queue.checkout({ buildId: buildId(number) });
					return (await checkout.granted).lease;
				});
				daemons.get(lease.builderId)?.report('building');
				await insist(() => life.queue.resume(buildId(number)));
				await insist(() => life.queue.lease(lease.id).renew());
				if (number === 2) await insist(() => life.queue.lease(lease.id).detach({ keepMs: 10 * MINUTE }));
				if (number === 3) await insist(() => life.queue.cancel(buildId(number), { reason: 'enough' }));
				daemons.get(lease.builderId)?.report('built');
				await insist(async () => {
					const status = number === 3 ? 'canceled' : 'succeeded';
					await life.queue
						.lease(lease.id)
						.release({ status })
						.catch((error: unknown) => {
							// As clients take it: a lease that is not known any more was given back.
							if (!['not-found', 'lease-lost'].includes(ContainerBuilderError.from(error).code)) throw error;
						});
				});
			};
			for (const number of [1, 2, 3]) await build(number);
			// Those of adoption are reached by the life after.
			if (!crashed && (step === 'builder-adopted' || step === 'lease-adopted')) {
				const checkout = life.queue.checkout({ buildId: buildId(4) });
				await pass(10 * SECOND);
				await checkout.granted;
				await life.crash();
				life = begin({ ...RESERVE, crashAt });
				void life.queue.start().catch(() => {});
				await build(4);
			}
			await pass(2 * MINUTE);
			expect(crashes, `${step} was never reached`).toBe(1);

			const status = await life.queue.status();
			expect(status.builders.map(({ state }) => state)).toEqual(['ready']);
			expect(provider.machines.map(({ builderId }) => builderId)).toEqual(
				status.builders.map(({ id }) => id),
			);
			expect(await life.queue.find(buildId(1))).toMatchObject({ state: 'succeeded' });
			expect(await life.queue.find(buildId(2))).toMatchObject({ state: 'succeeded' });
			expect(await life.queue.find(buildId(3))).toMatchObject({ state: 'canceled' });
			const closing = life.queue.close();
			await advance(30 * SECOND);
			await closing;
			expect(provider.machines).toEqual([]);
		});
	}

	it('covers all points', () => {
		expect([...reached].sort()).toEqual([...QUEUE_STEPS].sort());
	});
});
