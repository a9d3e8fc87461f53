import { describe, expect, it } from 'vitest';
import { checkoutRequestSchema } from '../../src/protocol/queue-schemas.js';
import { FairLine, type UserLimits } from '../../src/queue/line/fair-line.js';
import { FairShare } from '../../src/queue/line/fair-share.js';
import type { LineEntry } from '../../src/queue/line/line-entry.js';
import { resolveLinePolicy } from '../../src/queue/line/line-policy.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Named extends LineEntry {
	readonly name: string;
}

/** `ann!`: of ann, high; `ann-`: low; `ann^`: sent ahead; `@5`: since minute 5. Joined in this order. */
function lineOf(
	text: string,
	options: { limits?: Record<string, UserLimits>; used?: Record<string, number> } = {},
) {
	const share = new FairShare({ halfLifeMs: 6 * HOUR });
	for (const [user, ms] of Object.entries(options.used ?? {})) share.charge(user, ms, 0);
	const line = new FairLine<Named>({
		share,
		patienceMs: HOUR,
		limitsOf: (user) => options.limits?.[user] ?? {},
		expectedMs: () => 10 * MINUTE,
	});
	for (const [index, word] of text.split(' ').entries()) {
		const [, user = '', mark, minute] = /^([a-z]+)([!^-]?)(?:@(\d+))?$/.exec(word) ?? [];
		const priority = mark === '!' ? 'high' : mark === '-' ? 'low' : 'normal';
		const since = minute === undefined ? index : Number(minute) * MINUTE;
		const entry: Named = { name: word, user, priority, since };
		if (mark === '^') line.joinAhead(entry);
		else line.join(entry);
	}
	return { line, share };
}

/** Whom `next` serves one after the other while no lease ends. */
function served(line: FairLine<Named>, now: number): string {
	const names: string[] = [];
	for (let entry = line.next(now); entry !== undefined; entry = line.next(now)) {
		line.granted(entry.user, now);
		names.push(entry.name);
	}
	return names.join(' ');
}

describe('whose turn it is', () => {
	const limited = { limits: { ann: { running: 1 } } };
	it.each([
		['one user: first come first', 'a@1 a@2 a@3', {}, 5, 'a@1 a@2 a@3'],
		['by the time since when, not by the call', 'a@3 a@1 a@2', {}, 5, 'a@1 a@2 a@3'],
		['users take turns', 'a@1 a@2 a@3 b@4 c@5', {}, 6, 'a@1 b@4 c@5 a@2 a@3'],
		['who has used less is first', 'a@1 b@2 c@3', { used: { a: HOUR, b: 2 * HOUR } }, 5, 'c@3 a@1 b@2'],
		[
			'who has used little may have several',
			'a@1 a@2 b@3 b@4 b@5',
			{ used: { a: 15 * MINUTE } },
			6,
			'b@3 b@4 a@1 b@5 a@2',
		],
		['classes before shares', 'a-@1 b@2 c!@3 c!@4', { used: { c: HOUR } }, 5, 'c!@3 c!@4 b@2 a-@1'],
		['one user in several classes', 'a-@1 a@2 a!@3', {}, 5, 'a!@3 a@2 a-@1'],
		['ahead before classes', 'a!@1 b^@3 c^@2', {}, 5, 'c^@2 b^@3 a!@1'],
		['overdue before classes and shares', 'a-@0 b@1 c!@59', { used: { a: HOUR } }, 61, 'a-@0 b@1 c!@59'],
		['ahead before overdue', 'a@0 b^@80', {}, 90, 'b^@80 a@0'],
		['a user at the limit is passed over', 'ann@1 ann@2 b@3 b@4', limited, 5, 'ann@1 b@3 b@4'],
		['also one who was sent ahead', 'ann^@1 ann^@2 b@3', limited, 5, 'ann^@1 b@3'],
		['also one who is overdue', 'ann@0 ann@1 b@59', limited, 62, 'ann@0 b@59'],
		['nobody may', 'ann@1 ann@2', { limits: { ann: { running: 0 } } }, 90, ''],
	])('%s', (_name, text, options, minute, expected) => {
		const order = lineOf(text, options).line.order(minute * MINUTE);
		const told = order.filter(({ reason }) => reason === undefined).map(({ entry }) => entry.name);
		expect(told.join(' ')).toBe(expected);
		const { line } = lineOf(text, options);
		expect(served(line, minute * MINUTE)).toBe(expected);
		expect(line.length).toBe(text.split(' ').length - told.length);
	});

	it('tells those apart who wait for their own leases', () => {
		const { line } = lineOf('ann@1 ann@2 b@3 ann!@4', { limits: { ann: { running: 1 } } });
		expect(line.order(5 * MINUTE).map(({ entry, reason }) => [entry.name, reason])).toEqual([
			['ann!@4', undefined],
			['b@3', undefined],
			['ann@1', 'user-limit'],
			['ann@2', 'user-limit'],
		]);
		expect(line.runnable).toBe(2);
	});

	it('goes on with a user when a lease of his has ended, or his limit is another', () => {
		const limits: Record<string, UserLimits> = { ann: { running: 1 } };
		const { line } = lineOf('ann@1 ann@2 ann@3', { limits });
		const now = 10 * MINUTE;
		expect(served(line, now)).toBe('ann@1');
		line.ended('ann', MINUTE, 10 * MINUTE, now + MINUTE);
		expect(served(line, now + MINUTE)).toBe('ann@2');
		limits.ann = { running: 2 };
		expect(line.peek(now)).toBeUndefined();
		line.limitsChanged();
		expect(served(line, now + MINUTE)).toBe('ann@3');
		expect(line.runningOf('ann')).toBe(2);
	});

	it('charges what is expected, then what it was', () => {
		const { line, share } = lineOf('a@1 b@2');
		expect(line.granted('a', 0)).toBe(10 * MINUTE);
		expect(share.usage('a', 0)).toBeCloseTo(10 * MINUTE, 3);
		line.ended('a', MINUTE, 10 * MINUTE, MINUTE);
		expect(share.usage('a', MINUTE) / MINUTE).toBeCloseTo(1, 2);
		expect(line.granted('b', 0, 0)).toBe(0);
		expect(share.usage('b', 0)).toBe(0);
		expect(line.runningOf('b')).toBe(1);
	});
});

describe('a grant that came to nothing', () => {
	const bob: Named = { name: 'bob', user: 'bob', priority: 'normal', since: 61 * MINUTE };

	it('costs nothing, and is no service', () => {
		const { line, share } = lineOf('ann-@0 ann-@1');
		line.next(5 * MINUTE);
		line.granted('ann', 5 * MINUTE);
		line.join(bob);
		expect(line.peek(61 * MINUTE)).toBe(bob);
		line.takenBack('ann', 10 * MINUTE, 5 * MINUTE);
		expect([share.usage('ann', 5 * MINUTE), line.runningOf('ann')]).toEqual([0, 0]);
		expect(line.peek(61 * MINUTE)?.name).toBe('ann-@1');
	});

	it('leaves what was served before and after', () => {
		const { line } = lineOf('ann@0 ann@0 ann@0 ann-@0');
		for (const now of [MINUTE, 2 * MINUTE, 3 * MINUTE]) {
			line.next(now);
			line.granted('ann', now);
		}
		line.join(bob);
		line.takenBack('ann', 10 * MINUTE, 2 * MINUTE);
		expect(line.peek(62 * MINUTE)).toBe(bob);
		line.takenBack('ann', 10 * MINUTE, 3 * MINUTE);
		expect(line.peek(62 * MINUTE)?.name).toBe('ann-@0');
	});
});

describe('who is in line', () => {
	it('leaves once, and joins once', () => {
		const { line } = lineOf('a@1 b@2 a@3');
		const [first] = line.entries;
		if (first === undefined) throw new Error('nobody waits');
		expect(() => line.join(first)).toThrowError(TypeError);
		expect(line.leave(first)).toBe(true);
		expect(line.leave(first)).toBe(false);
		expect(line.entries.map(({ name }) => name)).toEqual(['b@2', 'a@3']);
		line.joinAhead(first);
		expect(line.entries.map(({ name }) => name)).toEqual(['a@1', 'b@2', 'a@3']);
		expect(line.waitingOf('a')).toBe(2);
		expect(line.leave({ ...first })).toBe(false);
	});
});

describe('a policy', () => {
	it('is first come first served within an hour, with no limits, unless it says otherwise', () => {
		const rules = resolveLinePolicy();
		expect(rules).toMatchObject({ halfLifeMs: 6 * HOUR, patienceMs: HOUR, expectedMs: undefined });
		expect(rules.limitsOf('anybody')).toEqual({});
		expect(resolveLinePolicy({ patienceMs: Infinity }).patienceMs).toBe(Infinity);
	});

	it.each([{ halfLifeMs: 0 }, { halfLifeMs: Infinity }, { halfLifeMs: Number.NaN }, { patienceMs: -1 }])(
		'cannot be %j',
		(policy) => {
			expect(() => resolveLinePolicy(policy)).toThrowError(
				expect.objectContaining({ code: 'invalid-option' }),
			);
		},
	);
});

describe('a priority on the wire', () => {
	it.each([
		[undefined, true],
		['low', true],
		['normal', true],
		['high', true],
		['urgent', false],
		[1, false],
	])('%s', (priority, good) => {
		expect(checkoutRequestSchema.safeParse({ buildId: 'build-0001', priority }).success).toBe(good);
	});
});
