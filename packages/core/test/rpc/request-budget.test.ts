import { virtualClock } from '@olcf/container-builder-testing';
import { expect, test } from 'vitest';
import { RequestBudget } from '../../src/rpc/request-budget.js';

test('a burst is taken at once, then as many a second as are allowed', async () => {
	const clock = virtualClock();
	const budget = new RequestBudget({ burst: 100, perSecond: 10, clock });
	let taken = 0;
	void (async () => {
		for (; taken < 200; taken++) await budget.take();
	})();
	const turns = async (): Promise<void> => {
		for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
	};
	await turns();
	expect(taken).toBe(100);
	for (let second = 1; second <= 5; second++) {
		for (let step = 0; step < 100; step++) await clock.advance(10);
		await turns();
		expect(taken).toBe(100 + 10 * second);
	}
	// Who is quiet may burst again, but no more than that.
	await clock.advance(3_600_000);
	await turns();
	expect(taken).toBeLessThanOrEqual(251);
});

test('others have their turn, however much one has sent', async () => {
	const budget = new RequestBudget({ burst: 10_000 });
	let taken = 0;
	let seen = -1;
	setImmediate(() => {
		seen = taken;
	});
	for (; taken < 5_000; taken++) await budget.take();
	expect(seen).toBeGreaterThan(0);
	expect(seen).toBeLessThan(100);
});
