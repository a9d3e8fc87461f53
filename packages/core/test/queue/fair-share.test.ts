import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairShare } from '../../src/queue/line/fair-share.js';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const halfLifeMs = 6 * HOUR;

const charges = fc.array(
	fc.record({
		user: fc.constantFrom('ann', 'bob', 'cid'),
		ms: fc.integer({ min: 1_000, max: 10 * HOUR }),
		afterMs: fc.integer({ min: 0, max: 10 * HOUR }),
	}),
	{ minLength: 1, maxLength: 50, size: 'max' },
);

describe('what a user has used', () => {
	it.each([
		['at once', 0, 8 * HOUR],
		['after a half-life', 6, 4 * HOUR],
		['after three', 18, HOUR],
		['after a week: hardly anything', 7 * 24, 8 * HOUR * 2 ** -28],
	])('%s', (_name, hours, usage) => {
		const share = new FairShare({ halfLifeMs });
		share.charge('ann', 8 * HOUR, 1_000);
		expect(share.usage('ann', 1_000 + hours * HOUR)).toBeCloseTo(usage, 3);
		expect(share.usage('bob', 1_000)).toBe(0);
	});

	it('is the sum of all charges, each decayed, and their order is the order of scores', () => {
		fc.assert(
			fc.property(charges, fc.integer({ min: 0, max: 40 * HOUR }), (list, laterMs) => {
				const share = new FairShare({ halfLifeMs });
				const made: { user: string; ms: number; at: number }[] = [];
				let now = 0;
				for (const { user, ms, afterMs } of list) {
					now += afterMs;
					share.charge(user, ms, now);
					made.push({ user, ms, at: now });
				}
				const scores = ['ann', 'bob', 'cid'].map((user) => share.score(user));
				now += laterMs;
				const sums = ['ann', 'bob', 'cid'].map((user) =>
					made
						.filter((charge) => charge.user === user)
						.reduce((sum, { ms, at }) => sum + ms * 2 ** ((at - now) / halfLifeMs), 0),
				);
				for (const [index, user] of ['ann', 'bob', 'cid'].entries()) {
					const sum = sums[index] ?? 0;
					expect(Math.abs(share.usage(user, now) - sum)).toBeLessThanOrEqual(1e-9 * sum);
					for (const [other, otherSum] of sums.entries()) {
						if (sum > otherSum * (1 + 1e-9)) expect(scores[index]).toBeGreaterThan(scores[other] ?? Infinity);
					}
				}
				expect(['ann', 'bob', 'cid'].map((user) => share.score(user))).toEqual(scores);
			}),
		);
	});

	it('stays exact for decades, whatever the half-life', () => {
		for (const shortMs of [60_000, HOUR, 90 * 24 * HOUR]) {
			const share = new FairShare({ halfLifeMs: shortMs });
			for (let year = 0; year <= 50; year++) share.charge('ann', HOUR, year * YEAR);
			const expected = Array.from({ length: 51 }, (_, year) => HOUR * 2 ** ((-year * YEAR) / shortMs));
			const sum = expected.reduce((total, ms) => total + ms, 0);
			expect(share.usage('ann', 50 * YEAR) / sum).toBeCloseTo(1, 6);
			share.charge('bob', HOUR, 50 * YEAR + 10_000);
			share.charge('cid', HOUR, 50 * YEAR + 20_000);
			expect(share.score('cid')).toBeGreaterThan(share.score('bob'));
		}
	});

	it('is nothing again when a charge is taken back, and never less', () => {
		const share = new FairShare({ halfLifeMs });
		share.charge('ann', 123_456.7, 10 * YEAR);
		share.charge('ann', -123_456.7, 10 * YEAR);
		expect(share.score('ann')).toBe(-Infinity);
		share.charge('ann', -HOUR, 10 * YEAR);
		expect(share.usage('ann', 10 * YEAR)).toBe(0);
		expect(share.entries(10 * YEAR)).toEqual([]);
	});
});

describe('a lease that is settled', () => {
	/** What was used in each of many small steps, as it counts at the end. */
	const bySteps = (actualMs: number): number => {
		const steps = 20_000;
		const stepMs = actualMs / steps;
		let usage = 0;
		for (let step = 0; step < steps; step++) usage += stepMs * 2 ** (-((step + 0.5) * stepMs) / halfLifeMs);
		return usage;
	};

	it('counts as it really was, whatever was expected', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 60_000, max: 30 * HOUR }),
				fc.integer({ min: 0, max: 30 * HOUR }),
				fc.integer({ min: 0, max: 30 * HOUR }),
				(actualMs, chargedMs, beforeMs) => {
					const share = new FairShare({ halfLifeMs });
					share.charge('ann', beforeMs, 0);
					share.charge('ann', chargedMs, 0);
					share.settle('ann', actualMs, chargedMs, actualMs);
					const expected = bySteps(actualMs) + beforeMs * 2 ** (-actualMs / halfLifeMs);
					expect(share.usage('ann', actualMs) / expected).toBeCloseTo(1, 6);
				},
			),
			{ numRuns: 50 },
		);
	});

	it('counts nothing where nothing came of it', () => {
		const share = new FairShare({ halfLifeMs });
		share.charge('ann', HOUR, 5_000);
		share.settle('ann', 0, HOUR, 65_000);
		expect(share.score('ann')).toBe(-Infinity);
	});
});

describe('the usage that is stored', () => {
	it('goes on where it was, aged by the time between', () => {
		const before = new FairShare({ halfLifeMs });
		before.charge('ann', 4 * HOUR, 0);
		before.charge('bob', HOUR, 0);
		before.charge('cid', 2, 0);
		const stored = JSON.parse(JSON.stringify(before.entries(6 * HOUR + 1)));
		expect(stored.map(({ user }: { user: string }) => user)).toEqual(['ann', 'bob']);
		const after = new FairShare({ halfLifeMs });
		after.charge('bob', HOUR, 100);
		after.restore(stored, 100 - 6 * HOUR);
		expect(after.usage('ann', 100)).toBeCloseTo(HOUR, 0);
		expect(after.usage('bob', 100)).toBeCloseTo(1.25 * HOUR, 0);
	});

	it('is of those only who have used something that counts', () => {
		const share = new FairShare({ halfLifeMs });
		share.charge('early', 8 * HOUR, 0);
		expect(share.score('early')).toBeGreaterThan(0);
		const late = 100 * halfLifeMs;
		expect(share.entries(late)).toEqual([]);
		for (let number = 0; number < 3_000; number++) share.charge(`user-${number}`, HOUR, late);
		expect(share.score('early')).toBe(-Infinity);
		expect(share.entries(late)).toHaveLength(3_000);
	});
});
