import { describe, expect, it } from 'vitest';
import { TROUBLES } from './day/day-troubles.js';
import { MACHINE_FAULTS } from './day/machine-faults.js';
import { randomDay } from './day/random-day.js';

/** `RANDOM_DAYS=17` or `RANDOM_DAYS=1..1000`: other seeds than usual. */
const [first = 1, last = first] = (process.env.RANDOM_DAYS ?? '1..30').split('..').map(Number);
const seeds = Array.from({ length: last - first + 1 }, (_, index) => first + index);
const MANY_DAYS = 30;

describe('a random day', () => {
	const met = new Set<string>();
	let days = 0;

	it.each(seeds)('goes well with seed %i', { timeout: 120_000 }, async (seed) => {
		const { wrongs, plan, leases, builds, judged, troubles, refusals } = await randomDay(seed);
		expect(wrongs.slice(0, 10), `RANDOM_DAYS=${seed} lives through it again`).toEqual([]);
		expect(plan.visits.length).toBeGreaterThanOrEqual(500);
		// A full line turns away, by the day's own rules: of the others most must have been served.
		const inLine = plan.visits.length - (refusals.get('busy') ?? 0);
		expect(builds).toBeGreaterThan(inLine / 2);
		expect(judged).toBeGreaterThan(inLine / 2);
		expect(leases).toBeGreaterThanOrEqual(builds);
		for (const trouble of troubles.keys()) met.add(trouble);
		days++;
	});

	it.runIf(seeds.length >= MANY_DAYS)('has had every kind of trouble after many days', ({ skip }) => {
		if (days < MANY_DAYS) skip('days are missing: they failed, or were left out');
		expect([...met].sort()).toEqual([...TROUBLES, ...MACHINE_FAULTS].sort());
	});
});
