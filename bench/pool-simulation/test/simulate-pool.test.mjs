import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalColumns, drawArrivals } from '../arrivals.mjs';
import { exponentialSampler, randomSource } from '../random.mjs';
import { simulatePool } from '../simulate-pool.mjs';
import { checkouts, scenario } from './scenarios.mjs';

/** Waits in seconds, shortest first: all that a summary tells of few checkouts. */
function waits(result) {
	const count = result.served;
	return Array.from({ length: count }, (_, index) => {
		const percent = count === 1 ? 0 : (index * 100) / (count - 1);
		return result.percentiles[percent] / 1_000;
	});
}

describe('waits that can be computed by hand', () => {
	it.each([
		['without a reserve one waits for creating and booting', {}, {}, [0], 60, [30]],
		['with one, not at all', { reserve: 1 }, {}, [0], 60, [0]],
		[
			// The second takes what was begun for the reserve at 0 s, ready at 30 s.
			'who comes too soon after another waits for the next of the reserve',
			{ reserve: 1 },
			{},
			[0, 10, 100],
			60,
			[0, 0, 20],
		],
		['several at a time are made', {}, {}, [0, 0, 0], 60, [30, 30, 30]],
		['or one at a time', { createConcurrency: 1 }, {}, [0, 0, 0], 60, [30, 35, 40]],
		['or one a minute', { createRate: { count: 1, perMs: 60_000 } }, {}, [0, 0, 0], 60, [30, 90, 150]],
		// Leased at 30 s, given back at 90 s, gone at 100 s.
		['at the maximum one waits for the end of another', { max: 1 }, {}, [0, 0, 0], 60, [30, 130, 230]],
		['so one does in a full quota', { max: 3 }, { quota: 1 }, [0, 0, 0], 60, [30, 130, 230]],
		['a lease ends at its deadline', { max: 1 }, { deadlineMs: 20_000 }, [0, 0, 0], 60, [30, 90, 150]],
		// Given up 50 s after it was asked for, at -5 s: half of its life is over. Gone at 5 s.
		[
			'what is too old for a lease is replaced',
			{ reserve: 1, max: 1 },
			{ lifetimeMs: 100_000, deadlineMs: 60_000, warmUpMs: 55_000 },
			[0],
			20,
			[35],
		],
	])('%s', (_name, policy, more, seconds, build, expected) => {
		const result = simulatePool(scenario(policy, more), checkouts(seconds, build));
		expect(waits(result)).toEqual(expected);
	});

	it('goes by priority, then by who was first', () => {
		const rows = [
			{ atMs: 0, priority: 0, user: 0 },
			{ atMs: 1_000, priority: 0, user: 1 },
			{ atMs: 2_000, priority: 0, user: 2 },
			{ atMs: 3_000, priority: 5, user: 3 },
		].map((row) => ({ ...row, buildMs: 60_000 }));
		const result = simulatePool(scenario({ max: 1 }), arrivalColumns(rows, ['a', 'b', 'c', 'd']));
		// The longest first; d was granted first, at 30 s.
		expect(result.users).toEqual([
			{ user: 'c', served: 1, p95: 328_000 },
			{ user: 'b', served: 1, p95: 229_000 },
			{ user: 'a', served: 1, p95: 130_000 },
			{ user: 'd', served: 1, p95: 27_000 },
		]);
	});

	it('counts the hours of builders by what they do', () => {
		const result = simulatePool(scenario({ max: 1 }, { quota: 1 }), checkouts([0, 0], 60));
		const hours = (seconds) => expect.closeTo(seconds / 3_600, 9);
		expect(result.builderHours).toEqual({
			total: hours(190),
			idle: 0,
			creating: hours(10),
			booting: hours(50),
			ready: 0,
			leased: hours(120),
			failed: 0,
			destroying: hours(10),
		});
		expect(result.utilisation).toBeCloseTo(120 / 190, 9);
		expect(result).toMatchObject({ durationMs: 190_000, peakBuilders: 1, peakWaiting: 2, launches: 2 });
	});

	it('does not count the hours before the first moment', () => {
		const result = simulatePool(scenario({ reserve: 1, max: 1 }), checkouts([100], 60));
		expect(result.builderHours.idle).toBeCloseTo(100 / 3_600, 9);
		expect(result.atOnce).toBe(1);
	});

	it('keeps to the hours of a period', () => {
		const periods = [{ from: '08:00', to: '18:00', timezone: 'UTC', reserve: 1 }];
		const [early, noon, late] = [7, 12, 19].map((hour) => hour * 3_600);
		const result = simulatePool(scenario({ periods }), checkouts([early, noon, late]));
		expect(waits(result)).toEqual([0, 30, 30]);
		// What is in reserve at 18:00 is given up.
		expect(result.unused).toBe(1);
	});

	it('replaces what has been in reserve for long, without a gap', () => {
		const seconds = Array.from({ length: 100 }, (_, index) => index * 3_600);
		const result = simulatePool(scenario({ reserve: 1, maxReserveAgeMs: 1_800_000 }), checkouts(seconds));
		expect(result.waitMs.max).toBe(0);
		expect(result.unused).toBeGreaterThanOrEqual(99);
	});

	it('fails those who wait when too many machines in a row have failed', () => {
		const world = scenario({ launchRetries: 2 }, { launchFailures: 1, bootTimeoutMs: 20_000 });
		const result = simulatePool(world, checkouts([0, 0, 200]));
		// Two are launched at first; then one is tried at a time, and each that fails fails who waits.
		expect(result).toMatchObject({ served: 0, failed: 3, waiting: 0 });
		expect(result.failures).toBe(result.launches);
	});

	it('leaves those waiting for whom nothing is made', () => {
		const result = simulatePool(scenario({ enabled: false }), checkouts([0, 10]));
		expect(result).toMatchObject({ served: 0, failed: 0, waiting: 2, launches: 0 });
	});

	it('takes back the builder of a client that vanished, when that is noticed', () => {
		const result = simulatePool(scenario({ max: 1 }, { vanish: 1, idleMs: 600_000 }), checkouts([0, 0], 100));
		const [, second] = waits(result);
		expect(second).toBeGreaterThanOrEqual(30 + 600 + 40);
		expect(second).toBeLessThanOrEqual(30 + 600 + 40 + 100);
	});
});

describe('a queue whose builders take no time to make', () => {
	const instant = {
		createMs: { medianMs: 0, sigma: 0 },
		bootMs: { medianMs: 0, sigma: 0 },
		destroyMs: { medianMs: 0, sigma: 0 },
	};

	/** First come, first served, by as many servers: the wait of each. */
	function servedInOrder(rows, servers) {
		const free = Array(servers).fill(0);
		return rows.map(({ atMs, buildMs }) => {
			const next = free.indexOf(Math.min(...free));
			const start = Math.max(atMs, free[next]);
			free[next] = start + buildMs;
			return start - atMs;
		});
	}

	it('serves exactly as so many servers with one line would', () => {
		const row = fc.record({
			gapMs: fc.integer({ min: 0, max: 50 }),
			buildMs: fc.integer({ min: 1, max: 200 }),
		});
		fc.assert(
			fc.property(
				fc.array(row, { minLength: 1, maxLength: 100 }),
				fc.integer({ min: 1, max: 5 }),
				(gaps, servers) => {
					let atMs = 0;
					const rows = gaps.map(({ gapMs, buildMs }) => {
						atMs += gapMs;
						return { atMs, buildMs };
					});
					const expected = servedInOrder(rows, servers).sort((first, second) => first - second);
					const world = scenario({ max: servers, createConcurrency: servers }, instant);
					const result = simulatePool(world, arrivalColumns(rows));
					expect(result.served).toBe(rows.length);
					expect(result.waitMs.max).toBe(expected.at(-1));
					const sum = expected.reduce((total, ms) => total + ms, 0);
					expect(result.waitMs.mean).toBeCloseTo(sum / rows.length, 6);
					expect(result.atOnce).toBe(expected.filter((ms) => ms === 0).length / rows.length);
				},
			),
		);
	});

	it('waits as long as Erlang says, with Poisson arrivals and exponential builds', () => {
		const [servers, load] = [4, 3];
		const build = exponentialSampler(1 / 60_000, randomSource(7, 'exponential builds'));
		const times = drawArrivals({
			seed: 7,
			startEpochMs: 0,
			count: 200_000,
			perHour: load * 60,
			profile: 'flat',
			build: { medianMs: 1, sigma: 0 },
		});
		const rows = Array.from(times.atMs, (atMs) => ({ atMs, buildMs: Math.round(build()) }));
		const result = simulatePool(
			scenario({ max: servers, createConcurrency: servers }, { ...instant, deadlineMs: 80_000_000 }),
			arrivalColumns(rows),
		);
		// Erlang C for 4 servers and a load of 3: 0.5094 wait, 30.57 s on average.
		const expected = { share: 0.5094, meanMs: (0.5094 * 60_000) / (servers - load) };
		expect(Math.abs(1 - result.atOnce - expected.share)).toBeLessThan(0.01);
		expect(Math.abs(result.waitMs.mean / expected.meanMs - 1)).toBeLessThan(0.03);
		expect(result.utilisation).toBeCloseTo(1, 6);
	});
});

describe('any world', () => {
	const worlds = fc.record({
		policy: fc
			.record({
				enabled: fc.constantFrom(true, true, true, false),
				max: fc.integer({ min: 1, max: 8 }),
				reserve: fc.integer({ min: 0, max: 8 }),
				scaleFactor: fc.constantFrom(0, 0.5),
				maxReserveAgeMs: fc.constantFrom(undefined, 300_000),
				createConcurrency: fc.integer({ min: 1, max: 3 }),
				createRate: fc.constantFrom(undefined, { count: 2, perMs: 60_000 }),
				launchRetries: fc.integer({ min: 0, max: 3 }),
			})
			.map((policy) => ({ ...policy, reserve: Math.min(policy.reserve, policy.max) })),
		more: fc.record({
			seed: fc.nat(),
			launchFailures: fc.constantFrom(0, 0.2, 0.9),
			vanish: fc.constantFrom(0, 0.3),
			quota: fc.constantFrom(undefined, 0, 2, 5),
			lifetimeMs: fc.constantFrom(400_000, 86_400_000),
			deadlineMs: fc.constantFrom(200_000, 14_400_000),
			bootMs: fc.constantFrom({ medianMs: 25_000, sigma: 0 }, { medianMs: 25_000, sigma: 0.8 }),
		}),
	});
	const draw = (seed) =>
		drawArrivals({
			seed,
			startEpochMs: 0,
			count: 60,
			perHour: 60,
			profile: 'flat',
			burst: { size: 5, everyMs: 900_000 },
			build: { medianMs: 120_000, sigma: 1 },
		});

	it('serves, fails or leaves waiting each checkout, and stays below its bounds', () => {
		fc.assert(
			fc.property(worlds, ({ policy, more }) => {
				const arrivals = draw(more.seed);
				const result = simulatePool(scenario(policy, more), arrivals);
				expect(result.arrivals).toBe(60);
				expect(result.served + result.failed + result.waiting).toBe(60);
				expect(result.peakBuilders).toBeLessThanOrEqual(Math.min(policy.max, more.quota ?? policy.max));
				if (policy.enabled && more.quota !== 0) expect(result.waiting).toBe(0);
				if (more.launchFailures === 0 && more.bootMs.sigma === 0) expect(result.failed).toBe(0);
				const { total, idle: _idle, ...states } = result.builderHours;
				expect(Object.values(states).reduce((sum, hours) => sum + hours, 0)).toBeCloseTo(total, 9);
			}),
		);
	});

	it('gives the same figures for the same seed', () => {
		fc.assert(
			fc.property(worlds, ({ policy, more }) => {
				const run = () => simulatePool(scenario(policy, more), draw(more.seed));
				expect(run()).toEqual(run());
			}),
			{ numRuns: 20 },
		);
	});

	it('gives others for another seed, over the same checkouts', () => {
		const bootMs = { medianMs: 25_000, sigma: 0.5 };
		const [first, second] = [1, 2].map((seed) => simulatePool(scenario({}, { bootMs, seed }), draw(1)));
		expect(first.waitMs.mean).not.toBe(second.waitMs.mean);
	});
});
