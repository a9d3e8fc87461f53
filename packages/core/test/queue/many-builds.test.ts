import { expect, it } from 'vitest';
import { buildId, queueWorld } from './queue-world.js';

it('holds nothing of builds that are over, and warns of no leak', async () => {
	const warnings: string[] = [];
	const onWarning = (warning: Error): void => {
		warnings.push(warning.message);
	};
	process.on('warning', onWarning);
	const world = queueWorld({
		queue: { pool: { max: 25, reserve: 5, createConcurrency: 10 } },
		provider: { machines: () => ({ bootMs: 2_000, deleteDelayMs: 1_000, deleteErrors: 1 }) },
	});
	const { queue, advance, clock, provider, transport } = world;
	await queue.start();
	await advance(10_000);
	const restingTimers = clock.pending;
	const restingChannels = (await queue.status()).builders.length;
	for (let round = 0; round < 20; round++) {
		const checkouts = Array.from({ length: 25 }, (_, index) =>
			queue.checkout({ buildId: buildId(round * 25 + index) }),
		);
		void Promise.all(
			checkouts.map(async ({ granted }) => {
				const { lease } = await granted;
				await lease.renew();
				await lease.release({ status: 'succeeded' });
			}),
		);
		await advance(60_000);
		for (const checkout of checkouts) await checkout.granted;
	}
	await advance(60_000);
	expect(clock.pending).toBe(restingTimers);
	expect(provider.machines).toHaveLength(5);
	expect(world.daemons.size).toBe(505);
	expect(transport.breakChannels({ channel: 'control' })).toBe(restingChannels);
	let remembered = 0;
	for await (const build of queue.list()) if (build.state === 'succeeded') remembered++;
	expect(remembered).toBe(500);
	await world[Symbol.asyncDispose]();
	expect(clock.pending).toBe(0);
	process.off('warning', onWarning);
	expect(warnings).toEqual([]);
});

it('forgets builds that ended long ago', async () => {
	const world = queueWorld();
	const { queue, advance } = world;
	const controller = new AbortController();
	for (let number = 0; number < 1_100; number++) {
		await queue.checkout({ buildId: buildId(number) }, { signal: controller.signal }).close();
	}
	await advance();
	let remembered = 0;
	for await (const { state } of queue.list()) {
		expect(state).toBe('canceled');
		remembered++;
	}
	expect(remembered).toBe(1_000);
	expect(await queue.find(buildId(0))).toBeUndefined();
	expect(await queue.find(buildId(1_099))).toBeDefined();
	const seen: number[] = [];
	for await (const { sequence } of queue.watch({ after: 0 })) {
		seen.push(sequence);
		if (seen.length === 1_000) break;
	}
	expect(seen[0]).toBeGreaterThan(1);
	await world[Symbol.asyncDispose]();
});
