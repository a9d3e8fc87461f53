import { afterEach, describe, expect, it } from 'vitest';
import { type QueueLives, queueLives } from './queue-lives.js';
import { buildId } from './queue-world.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let lives: QueueLives;
afterEach(() => lives[Symbol.asyncDispose]());

const OPTIONS = { pool: { max: 2 }, idleMs: 10 * MINUTE };

/** A queue that has granted a lease. */
async function granted() {
	lives = queueLives();
	const first = lives.begin(OPTIONS);
	const checkout = first.queue.checkout({ buildId: buildId(1) });
	await lives.advance(5 * SECOND);
	return { first, ...(await checkout.granted) };
}

describe('a builder that proves itself, and answers nothing more', () => {
	it('is replaced where it is of the reserve that another process has left', async () => {
		lives = queueLives();
		const options = { pool: { max: 2, reserve: 1, bootTimeoutMs: MINUTE } };
		const first = lives.begin(options);
		await first.queue.start();
		await lives.advance(5 * SECOND);
		const [silent] = [...lives.daemons.values()];
		silent?.fallSilent();
		await first.handOver();
		const second = lives.begin(options);
		await second.queue.start();
		await lives.advance(2 * MINUTE);
		const { builders } = await second.queue.status();
		expect(builders).toMatchObject([{ state: 'ready' }]);
		expect(builders[0]?.id).not.toBe(silent?.bootstrap.builderId);
		expect(lives.provider.machines).toHaveLength(1);
	});

	it('is replaced where nothing was done there yet, for who comes back after a crash of the queue', async () => {
		const { first, lease } = await granted();
		await first.crash();
		lives.daemons.get(lease.builderId)?.fallSilent();
		const { queue } = lives.begin(OPTIONS);
		const again = queue.checkout({ buildId: buildId(1) });
		await lives.advance(2 * MINUTE);
		const { lease: fresh } = await again.granted;
		expect(fresh.builderId).not.toBe(lease.builderId);
		expect(lives.provider.machines.map(({ builderId }) => builderId)).toEqual([fresh.builderId]);
	});

	it('is replaced as well where its machine has died meanwhile', async () => {
		const { first, lease } = await granted();
		await first.crash();
		await lives.provider.kill(lease.builderId);
		const { queue } = lives.begin(OPTIONS);
		const again = queue.checkout({ buildId: buildId(1) });
		await lives.advance(30 * SECOND);
		expect((await again.granted).lease.builderId).not.toBe(lease.builderId);
	});

	it('is not replaced where the definition may have been executed', async () => {
		const { first, lease } = await granted();
		const { queue } = first;
		const daemon = lives.daemons.get(lease.builderId);
		daemon?.report('building');
		await lives.advance(SECOND);
		daemon?.fallSilent();
		const again = queue.checkout({ buildId: buildId(1) });
		await lives.advance(2 * MINUTE);
		await expect(again.granted).rejects.toMatchObject({ code: 'builder-unreachable' });
	});

	it('keeps its build, and nobody who asks for it waits without end', async () => {
		const { first, lease } = await granted();
		const { queue } = first;
		lives.daemons.get(lease.builderId)?.fallSilent();
		const resumed = queue.resume(buildId(1));
		resumed.catch(() => {});
		await lives.advance(2 * MINUTE);
		await expect(resumed).rejects.toMatchObject({ code: 'builder-unreachable' });
		await expect(lease.renew()).resolves.toBeDefined();
	});
});
