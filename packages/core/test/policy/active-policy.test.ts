import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activePolicy } from '../../src/policy/active-policy.js';
import { nextPolicyChange } from '../../src/policy/next-policy-change.js';
import type { PolicyPeriod, PoolPolicy, Weekday } from '../../src/policy/pool-policy.js';

const at = (text: string): number => Date.parse(text);
const office = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' } as const;

function reserveAt(periods: readonly PolicyPeriod[], text: string): number {
	return activePolicy({ max: 20, reserve: 1, periods }, at(text)).reserve;
}

describe('a policy', () => {
	it('has nothing left open', () => {
		expect(activePolicy({}, 0)).toEqual({
			enabled: true,
			max: 4,
			reserve: 0,
			scaleFactor: 0,
			maxReserve: 4,
			maxReserveAgeMs: undefined,
			createConcurrency: 2,
			createRate: undefined,
			launchRetries: 5,
		});
	});

	it('passes on what it says', () => {
		const policy = {
			enabled: false,
			max: 9,
			reserve: 2,
			scaleFactor: 0.5,
			maxReserve: 6,
			maxReserveAgeMs: 7_000,
			createConcurrency: 3,
			createRate: { count: 2, perMs: 1_000 },
			launchRetries: 0,
		};
		expect(activePolicy({ ...policy, periods: [] }, 0)).toEqual(policy);
	});
});

describe('a period', () => {
	// 2026-01-05 is a Monday. Berlin is an hour ahead of UTC in winter, two in summer.
	const berlin: PolicyPeriod = { ...office, timezone: 'Europe/Berlin', reserve: 5 };
	it.each([
		['before it begins', '2026-01-05T06:59:59.999Z', 1],
		['when it begins', '2026-01-05T07:00:00Z', 5],
		['until it ends', '2026-01-05T16:59:59.999Z', 5],
		['when it has ended', '2026-01-05T17:00:00Z', 1],
		['on another day', '2026-01-04T12:00:00Z', 1],
		['in summer an hour earlier', '2026-07-06T06:00:00Z', 5],
		['in summer before', '2026-07-06T05:59:00Z', 1],
		['on the morning after the clocks went forward', '2026-03-30T06:00:00Z', 5],
		['on the morning before they did', '2026-03-27T06:00:00Z', 1],
	])('%s', (_name, moment, reserve) => {
		expect(reserveAt([berlin], moment)).toBe(reserve);
	});

	const night: PolicyPeriod = { days: ['fri'], from: '22:00', to: '06:00', timezone: 'UTC', reserve: 3 };
	it.each([
		['on its evening', '2026-01-09T22:00:00Z', 3],
		['past midnight', '2026-01-10T00:00:00Z', 3],
		['on the morning after', '2026-01-10T05:59:00Z', 3],
		['not later', '2026-01-10T06:00:00Z', 1],
		['not on the morning of its own day', '2026-01-09T05:00:00Z', 1],
		['not on the evening after', '2026-01-10T23:00:00Z', 1],
	])('over midnight belongs to the day on which it begins: %s', (_name, moment, reserve) => {
		expect(reserveAt([night], moment)).toBe(reserve);
	});

	it('over midnight from Sunday goes on on Monday', () => {
		const sunday: PolicyPeriod = { ...night, days: ['sun'] };
		expect(reserveAt([sunday], '2026-01-12T03:00:00Z')).toBe(3);
		expect(reserveAt([sunday], '2026-01-05T03:00:00Z')).toBe(3);
		expect(reserveAt([sunday], '2026-01-06T03:00:00Z')).toBe(1);
	});

	it('until 24:00 ends with its day', () => {
		const whole: PolicyPeriod = { days: ['sat'], from: '00:00', to: '24:00', timezone: 'UTC', reserve: 0 };
		expect(reserveAt([whole], '2026-01-10T00:00:00Z')).toBe(0);
		expect(reserveAt([whole], '2026-01-10T23:59:59Z')).toBe(0);
		expect(reserveAt([whole], '2026-01-11T00:00:00Z')).toBe(1);
	});

	it('that comes later in the list wins, number by number', () => {
		const all = { from: '00:00', to: '24:00', timezone: 'UTC' };
		const periods = [
			{ ...all, max: 10, reserve: 3, scaleFactor: 0.5 },
			{ ...all, reserve: 2, maxReserve: 8 },
			{ ...all, days: ['tue'] as const, max: 1, reserve: 0, scaleFactor: 0, maxReserve: 0 },
		];
		const policy = activePolicy({ max: 20, reserve: 1, periods }, at('2026-01-05T12:00:00Z'));
		expect(policy).toMatchObject({ max: 10, reserve: 2, scaleFactor: 0.5, maxReserve: 8 });
	});

	it('that lowers max lowers the reserve with it', () => {
		const periods = [{ from: '00:00', to: '24:00', timezone: 'UTC', max: 2 }];
		const policy = activePolicy({ max: 20, reserve: 5, maxReserve: 10, periods }, 0);
		expect(policy).toMatchObject({ max: 2, reserve: 2, maxReserve: 2 });
	});
});

describe('a policy that cannot be kept', () => {
	const period = (more: object): PoolPolicy => ({
		periods: [{ from: '08:00', to: '18:00', timezone: 'UTC', ...more }],
	});
	it.each<[string, PoolPolicy, RegExp]>([
		['max', { max: 0 }, /^max must be a whole number from 1 on, not 0$/],
		['reserve', { reserve: 1.5 }, /^reserve must be a whole number from 0 on, not 1.5$/],
		['reserve over max', { max: 2, reserve: 3 }, /^reserve is 3, larger than max, which is 2$/],
		['reserve over the default max', { reserve: 5 }, /^reserve is 5, larger than max, which is 4$/],
		['reserve over its ceiling', { reserve: 2, maxReserve: 1 }, /^reserve is 2, larger than maxReserve/],
		['scale factor', { scaleFactor: -1 }, /^scaleFactor must be a number from 0 on, not -1$/],
		['concurrency', { createConcurrency: 0 }, /^createConcurrency must be/],
		['retries', { launchRetries: -1 }, /^launchRetries must be/],
		['age', { maxReserveAgeMs: 0 }, /^maxReserveAgeMs must be milliseconds, more than 0, not 0$/],
		['rate', { createRate: { count: 0, perMs: 1 } }, /^createRate.count must be/],
		['its window', { createRate: { count: 1, perMs: Number.NaN } }, /^createRate.perMs must be/],
		['max of a period', period({ max: 0 }), /^periods\[0\]\.max must be/],
		['reserve of a period', period({ reserve: 5 }), /^periods\[0\]\.reserve is 5, larger than max/],
		['time', period({ from: '8:00' }), /^periods\[0\]\.from must be a time like '08:00', not "8:00"$/],
		['minute', period({ to: '08:60' }), /^periods\[0\]\.to must be a time/],
		['hour', period({ to: '24:01' }), /^periods\[0\]\.to must be a time/],
		['begin at the end of a day', period({ from: '24:00' }), /^periods\[0\]\.from is 24:00/],
		['empty window', period({ to: '08:00' }), /^periods\[0\]\.from and to are both 08:00$/],
		['no day', period({ days: [] }), /^periods\[0\]\.days is empty$/],
		['what is no day', period({ days: ['Monday'] }), /^periods\[0\]\.days has "Monday", which is no day$/],
		['time zone', period({ timezone: 'Mars/Olympus' }), /^periods\[0\]\.timezone is "Mars\/Olympus"/],
		['missing time zone', period({ timezone: undefined }), /^periods\[0\]\.timezone is undefined/],
	])('is refused, and the message names the field: %s', (_name, policy, message) => {
		const refused = expect.objectContaining({
			code: 'invalid-option',
			message: expect.stringMatching(message),
		});
		expect(() => activePolicy(policy, 0)).toThrow(refused);
		expect(() => nextPolicyChange(policy, 0)).toThrow(refused);
	});
});

describe('the next change of a policy', () => {
	const berlin: PolicyPeriod = { ...office, timezone: 'Europe/Berlin', reserve: 3 };
	const next = (periods: readonly PolicyPeriod[], from: string): string | undefined => {
		const change = nextPolicyChange({ max: 20, reserve: 1, periods }, at(from));
		return change === undefined ? undefined : new Date(change).toISOString();
	};
	it.each([
		['no period', [], '2026-01-05T00:00:00Z', undefined],
		['a morning', [berlin], '2026-01-05T00:00:00Z', '2026-01-05T07:00:00.000Z'],
		['an evening', [berlin], '2026-01-05T07:00:00Z', '2026-01-05T17:00:00.000Z'],
		['a weekend', [berlin], '2026-01-09T17:00:00Z', '2026-01-12T07:00:00.000Z'],
		['the clocks go forward at night', [berlin], '2026-03-28T12:00:00Z', '2026-03-30T06:00:00.000Z'],
		['the clocks go back at night', [berlin], '2026-10-24T12:00:00Z', '2026-10-26T07:00:00.000Z'],
		['a period that changes nothing', [{ ...berlin, reserve: 1 }], '2026-01-05T00:00:00Z', undefined],
		[
			'one that is always on',
			[{ ...berlin, days: undefined, from: '00:00', to: '24:00' }],
			'2026-01-05T00:00:00Z',
			undefined,
		],
		[
			'a window that the clocks skip begins when they are changed',
			[{ ...berlin, days: undefined, from: '02:30', to: '04:00' }],
			'2026-03-28T20:00:00Z',
			'2026-03-29T01:00:00.000Z',
		],
		[
			'a window that they skip whole comes a week later',
			[{ ...berlin, days: ['sun'] as Weekday[], from: '02:00', to: '02:45' }],
			'2026-03-28T20:00:00Z',
			'2026-04-05T00:00:00.000Z',
		],
		[
			'two time zones',
			[
				{ ...berlin, days: undefined },
				{ ...berlin, days: undefined, timezone: 'Asia/Kolkata', reserve: 4 },
			],
			'2026-01-05T00:00:00Z',
			'2026-01-05T02:30:00.000Z',
		],
	] as const)('%s', (_name, periods, from, expected) => {
		expect(next(periods, from)).toBe(expected);
	});

	const times = fc
		.integer({ min: 0, max: 95 })
		.map(
			(quarter) =>
				`${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`,
		);
	const periods = fc.array(
		fc
			.record({
				days: fc.option(
					fc.uniqueArray(fc.constantFrom<Weekday>('mon', 'wed', 'sat', 'sun'), { minLength: 1 }),
					{
						nil: undefined,
					},
				),
				from: times,
				to: times,
				timezone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'),
				reserve: fc.integer({ min: 0, max: 4 }),
			})
			.filter(({ from, to }) => from !== to),
		{ minLength: 1, maxLength: 3 },
	);

	it('is what looking every quarter of an hour would find, also when clocks are changed', () => {
		const starts = fc
			.tuple(
				fc.constantFrom('2026-03-27', '2026-10-23', '2026-10-30', '2026-04-03', '2026-06-01'),
				fc.integer({ min: 0, max: 4 * 86_400 }),
			)
			.map(([day, seconds]) => at(`${day}T00:00:00Z`) + seconds * 1_000);
		fc.assert(
			fc.property(periods, starts, (list, start) => {
				const policy = { max: 20, reserve: 1, periods: list };
				const change = nextPolicyChange(policy, start);
				const before = activePolicy(policy, start).reserve;
				const quarter = 900_000;
				let looked = Math.floor(start / quarter) * quarter + quarter;
				const limit = start + 8 * 86_400_000;
				while (looked < limit && activePolicy(policy, looked).reserve === before) looked += quarter;
				if (looked < limit) expect(change).toBe(looked);
				else expect(change ?? limit).toBeGreaterThanOrEqual(limit);
			}),
			{ numRuns: 60 },
		);
	});
});
