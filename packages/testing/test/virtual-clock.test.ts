import { virtualClock } from '@olcf/container-builder-testing';
import { expect, test } from 'vitest';

test('callbacks come in order, each at its own time', async () => {
	const clock = virtualClock(100);
	const seen: [string, number][] = [];
	const note = (name: string) => () => seen.push([name, clock.now()]);
	clock.schedule(note('late'), 50);
	clock.schedule(note('first'), 10);
	clock.schedule(note('second'), 10);
	const cancel = clock.schedule(note('never'), 20);
	cancel();
	expect(clock.pending).toBe(3);
	await clock.advance(49);
	expect(seen).toEqual([
		['first', 110],
		['second', 110],
	]);
	expect(clock.now()).toBe(149);
	await clock.advance(1);
	expect(seen.at(-1)).toEqual(['late', 150]);
	expect(clock.pending).toBe(0);
});

test('what promises schedule in between is reached by the same advance', async () => {
	const clock = virtualClock();
	const pause = (ms: number) => new Promise<void>((resolve) => clock.schedule(resolve, ms));
	const times: number[] = [];
	const running = (async () => {
		for (let round = 0; round < 5; round++) {
			await pause(10);
			await Promise.resolve();
			times.push(clock.now());
		}
	})();
	await clock.advance(35);
	expect(times).toEqual([10, 20, 30]);
	await clock.runAll();
	await running;
	expect(times).toEqual([10, 20, 30, 40, 50]);
});

test('runAll gives up on what never ends', async () => {
	const clock = virtualClock();
	const again = (): void => {
		clock.schedule(again, 1);
	};
	again();
	await expect(clock.runAll(50)).rejects.toThrow('not idle after 50');
});

test('many are called in the order of their times, and as they were scheduled', async () => {
	const clock = virtualClock();
	const seen: [number, number][] = [];
	const expected: [number, number][] = [];
	for (let index = 0; index < 1_000; index++) {
		const at = (index * 7_919) % 101;
		const cancel = clock.schedule(() => seen.push([clock.now(), index]), at);
		if (index % 3 === 0) cancel();
		else expected.push([at, index]);
		if (index % 6 === 0) cancel();
	}
	expect(clock.pending).toBe(expected.length);
	await clock.advance(50);
	expect(clock.pending).toBe(expected.filter(([at]) => at > 50).length);
	await clock.runAll();
	expect(seen).toEqual(expected.sort(([a, i], [b, j]) => a - b || i - j));
	expect(clock.pending).toBe(0);
});
