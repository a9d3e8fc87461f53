import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePool } from '../../src/policy/decide-pool.js';
import { explainPool } from '../../src/policy/explain-pool.js';
import { snapshot, snapshots } from './pool-world.js';

describe('an account for people', () => {
	it.each([
		['nothing to do', snapshot([]), '0 checkouts wait, reserve 0: 0 ready, 0 starting, 0 leased.'],
		[
			'a builder for a checkout',
			snapshot(['leased'], {}, { waiting: 1 }),
			'1 checkout waits, reserve 0: 0 ready, 0 starting, 1 leased. Making 1 for checkouts.',
		],
		[
			'the maximum',
			snapshot(['leased', 'leased', 'destroying'], { max: 3, reserve: 1 }, { waiting: 2 }),
			'2 checkouts wait, reserve 1: 0 ready, 0 starting, 2 leased, 1 going. 3 wanted but not made: the pool is at its maximum.',
		],
		[
			'several holds',
			snapshot(
				['leased', 'creating'],
				{ max: 5, createRate: { count: 1, perMs: 10_000 } },
				{ waiting: 6, creates: [992_500] },
			),
			'6 checkouts wait, reserve 0: 0 ready, 1 starting, 1 leased. 5 wanted but not made: the pool is at its maximum (2); enough were begun lately, for 3 s more (3).',
		],
		[
			'rotation',
			snapshot(['ready!', 'ready!', 'ready'], { reserve: 2 }),
			'0 checkouts wait, reserve 2: 3 ready, 0 starting, 0 leased, 2 to be replaced. Making 1 in place of old ones; giving up 1 (replaced).',
		],
		[
			'several causes',
			snapshot(['failed', 'failed', 'ready?', 'ready'], {}),
			'0 checkouts wait, reserve 0: 2 ready, 0 starting, 0 leased, 2 going. Giving up 4 (2 failed, 1 near the end of their lives, 1 not needed).',
		],
	])('%s', (_name, given, text) => {
		expect(explainPool(decidePool(given).explanation)).toBe(text);
	});

	it('is one or two sentences of whole words, whatever the pool is like', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const text = explainPool(decidePool(given).explanation);
				expect(text).toMatch(/^\d[^.]*\.( [A-Z0-9][^.]*\.)?$/);
				expect(text).not.toMatch(/undefined|NaN/);
			}),
		);
	});
});
