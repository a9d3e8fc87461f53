import { describe, expect, it } from 'vitest';
import { drawArrivals } from '../arrivals.mjs';
import { formatDuration, parseDuration } from '../duration.mjs';
import { readOptions } from '../options.mjs';
import { policyFromText } from '../policy-from-file.mjs';
import { parseTrace } from '../read-trace.mjs';

const HOUR_MS = 3_600_000;
const build = { medianMs: 60_000, sigma: 0.5 };
const here = { cores: 2, directory: '/home/ann' };
const monday = Date.parse('2026-01-05T00:00:00Z');

describe('drawn checkouts', () => {
	const draw = (more) =>
		drawArrivals({ seed: 3, startEpochMs: monday, perHour: 30, profile: 'flat', night: 0.1, build, ...more });

	it('come at the rate that was asked for, in order', () => {
		const { length, atMs } = draw({ durationMs: 1_000 * HOUR_MS });
		expect(Math.abs(length / 30_000 - 1)).toBeLessThan(0.02);
		expect(Array.from(atMs)).toEqual(Array.from(atMs).sort((first, second) => first - second));
	});

	it('are as many as were asked for, and the same for the same seed', () => {
		expect(draw({ count: 500 }).length).toBe(500);
		expect(draw({ count: 500 })).toEqual(draw({ count: 500 }));
		expect(draw({ count: 500 })).not.toEqual(draw({ count: 500, seed: 4 }));
	});

	it('have builds with the median that was asked for', () => {
		const sorted = draw({ count: 20_001 }).buildMs.slice().sort();
		expect(Math.abs(sorted[10_000] / 60_000 - 1)).toBeLessThan(0.02);
		expect(Math.abs(Math.log(sorted[Math.round(20_000 * 0.8413)] / 60_000) - 0.5)).toBeLessThan(0.02);
	});

	it('are rarer outside working hours', () => {
		const { atMs } = draw({ durationMs: 10_000 * HOUR_MS, profile: 'working-hours' });
		const counts = { day: 0, night: 0, weekend: 0 };
		for (const ms of atMs) {
			const date = new Date(monday + ms);
			const isDay = date.getUTCHours() >= 8 && date.getUTCHours() < 18;
			if (date.getUTCDay() % 6 === 0) counts.weekend++;
			else counts[isDay ? 'day' : 'night']++;
		}
		// A week has 50 hours of day, 70 of night, 48 of weekend.
		expect(Math.abs(counts.night / 70 / (counts.day / 50) - 0.1)).toBeLessThan(0.01);
		expect(Math.abs(counts.weekend / 48 / (counts.day / 50) - 0.1)).toBeLessThan(0.01);
	});

	it('come in bursts as well', () => {
		const burst = { size: 50, everyMs: 10 * HOUR_MS };
		const { length, atMs } = draw({ durationMs: 1_000 * HOUR_MS, perHour: 1, burst });
		expect(Math.abs(length / (1_000 + 100 * 50) - 1)).toBeLessThan(0.2);
		let together = 0;
		for (let index = 49; index < length; index++) if (atMs[index] - atMs[index - 49] <= 60_000) together++;
		expect(together).toBeGreaterThan(50);
	});
});

describe('recorded checkouts', () => {
	it('are read with or without names of columns, in whatever order, counted from the first', () => {
		const text = '# from our queue\ntime_seconds,build_seconds,user,priority\n20.5,60,ann,2\n10,30,bob\n\n';
		const trace = parseTrace(text, 'trace.csv');
		expect(trace.users).toEqual(['ann', 'bob']);
		expect([trace.atMs, trace.buildMs, trace.user, trace.priority].map((column) => [...column])).toEqual([
			[0, 10_500],
			[30_000, 60_000],
			[1, 0],
			[0, 2],
		]);
		expect(parseTrace('5,1\n6,2', 'trace.csv')).toMatchObject({ length: 2, users: [''] });
	});

	it.each([
		['', /^trace\.csv has no checkouts$/],
		['time,build\n', /^trace\.csv has no checkouts$/],
		['1,2\n3\n', /^trace\.csv:2: must be time_seconds,build_seconds/],
		['1,2\n3,-1\n', /^trace\.csv:2: must be/],
		['1,2\n3,4,ann,high\n', /^trace\.csv:2: must be/],
	])('are refused with the line: %j', (text, message) => {
		expect(() => parseTrace(text, 'trace.csv')).toThrow(message);
	});
});

describe('a configuration', () => {
	it('gives the policy and the times, and nothing else', () => {
		const text = `
owner: cb
pool:
  provider: { kind: openstack }
  max: 12
  reserve: 3
  scaleFactor: 0.25
  maxReserveAge: 6h
  createRate: 10/1m
  lifetime: 12h
  periods:
    - { days: [mon], from: '08:00', to: '18:00', timezone: Europe/Berlin, reserve: 6 }
leases: { deadline: 2h }
`;
		expect(policyFromText(text, 'queue.yaml')).toEqual({
			policy: {
				max: 12,
				reserve: 3,
				scaleFactor: 0.25,
				maxReserveAgeMs: 6 * HOUR_MS,
				createRate: { count: 10, perMs: 60_000 },
				periods: [{ days: ['mon'], from: '08:00', to: '18:00', timezone: 'Europe/Berlin', reserve: 6 }],
			},
			lifetimeMs: 12 * HOUR_MS,
			bootTimeoutMs: undefined,
			deadlineMs: 2 * HOUR_MS,
			idleMs: undefined,
		});
		const { policy } = policyFromText('pool: { createRate: { count: 2, per: 10s } }', 'queue.yaml');
		expect(policy.createRate).toEqual({ count: 2, perMs: 10_000 });
	});

	it('is refused where it says nothing of a pool, or what is no time', () => {
		expect(() => policyFromText('owner: cb', 'queue.yaml')).toThrow('queue.yaml has no section pool:');
		expect(() => policyFromText('pool: { lifetime: 12 }', 'queue.yaml')).toThrow(
			'queue.yaml: pool.lifetime must be a length of time such as 90s, 30m or 4h, not 12',
		);
	});
});

describe('the options', () => {
	it('have defaults', () => {
		expect(readOptions([], here)).toMatchObject({
			reserves: [0],
			threads: 2,
			arrivals: { count: 20_000, perHour: 30, profile: 'flat', build: { medianMs: 240_000, sigma: 1 } },
			scenario: { seed: 1, policy: { max: 25 } },
		});
	});

	it('are read', () => {
		const text =
			'--reserve 0..10:5 --max 12 --duration 2d --rate 2/m --boot 40s:0.5 --burst 20@6h --create-rate 3/10s --goal-p95 5s --launch-failures 0.05';
		const options = readOptions(text.split(' '), here);
		expect(options).toMatchObject({
			reserves: [0, 5, 10],
			goalMs: 5_000,
			arrivals: {
				count: undefined,
				durationMs: 172_800_000,
				perHour: 120,
				burst: { size: 20, everyMs: 6 * HOUR_MS },
			},
			scenario: {
				bootMs: { medianMs: 40_000, sigma: 0.5 },
				launchFailures: 0.05,
				policy: { max: 12, createRate: { count: 3, perMs: 10_000 } },
			},
		});
	});

	it('of the short form can be changed', () => {
		expect(readOptions(['--short'], here)).toMatchObject({
			reserves: [0, 2, 4, 6],
			arrivals: { count: 5_000 },
		});
		expect(readOptions(['--short', '--reserve', '1'], here).reserves).toEqual([1]);
	});

	it('name files from the directory of the user', () => {
		const options = readOptions(['--svg', 'a.svg', '--trace', '/tmp/a.csv'], here);
		expect([options.svg, options.trace]).toEqual(['/home/ann/a.svg', '/tmp/a.csv']);
		expect(() => readOptions(['--config', 'none.yaml'], here)).toThrow(
			'/home/ann/none.yaml cannot be read: ENOENT',
		);
	});

	it.each([
		[['--reserve', '5..1'], '--reserve must be a number, or a range such as 0..20 or 0..20:5, not "5..1"'],
		[['--reserve', 'many'], '--reserve must be a number, or a range'],
		[['--max', '0'], '--max must be a whole number from 1 on, not "0"'],
		[['--rate', '30'], '--rate must be a rate such as 30/h or 2/m, not "30"'],
		[['--boot', '5'], '--boot must be MEDIAN[:SIGMA], such as 4m:1, not "5"'],
		[['--vanish', '2'], '--vanish must be a number from 0 to 1, not "2"'],
		[['--burst', '5'], '--burst must be SIZE@TIME, such as 20@6h, not "5"'],
		[['--create-rate', '0/1m'], '--create-rate must be COUNT/TIME, such as 10/1m, not "0/1m"'],
		[['--profile', 'wild'], '--profile must be one of flat, working-hours, not "wild"'],
		[['--start', 'soon'], '--start must be a date such as'],
		[['--colour'], "Unknown option '--colour'; --help tells the options"],
	])('are refused by name: %j', (args, message) => {
		expect(() => readOptions(args, here)).toThrow(message);
	});
});

describe('lengths of time', () => {
	it.each([
		['500ms', 500, '500 ms'],
		['90s', 90_000, '90.0 s'],
		['2.5m', 150_000, '2.5 min'],
		['4h', 4 * HOUR_MS, '4.0 h'],
		['3d', 72 * HOUR_MS, '3.0 d'],
	])('%s', (text, ms, shown) => {
		expect(parseDuration(text)).toBe(ms);
		expect(formatDuration(ms)).toBe(shown);
	});

	it.each(['5', 's', '-1s', '1w', ''])('are not %j', (text) => {
		expect(parseDuration(text)).toBeUndefined();
	});
});
