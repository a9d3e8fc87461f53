import { describe, expect, it } from 'vitest';
import { decidePool } from '../../src/policy/decide-pool.js';
import { snapshot } from './pool-world.js';

type Row = readonly [string, ReturnType<typeof snapshot>, number, readonly string[]];

function decides(rows: readonly Row[]): void {
	it.each(rows)('%s', (_name, given, create, destroy) => {
		const decision = decidePool(given);
		expect(decision.create).toBe(create);
		expect(decision.destroy.map(({ id, reason }) => `${id} ${reason}`)).toEqual(destroy);
	});
}

describe('what is made', () => {
	decides([
		['nothing where nothing is asked', snapshot([]), 0, []],
		['one for one who waits', snapshot([], {}, { waiting: 1 }), 1, []],
		['none where one is coming', snapshot(['creating'], {}, { waiting: 1 }), 0, []],
		['none where one is ready', snapshot(['ready'], {}, { waiting: 1 }), 0, []],
		['leased ones serve nobody else', snapshot(['leased', 'leased'], {}, { waiting: 1 }), 1, []],
		['the reserve beyond those who wait', snapshot(['ready'], { reserve: 2 }, { waiting: 2 }), 3, []],
		[
			'up to max, which counts all that exist',
			snapshot(['leased', 'destroying', 'failed'], { max: 4 }, { waiting: 5 }),
			1,
			['b2 failed'],
		],
		['what is gone counts no more', snapshot(['gone', 'gone'], { max: 2 }, { waiting: 2 }), 2, []],
		['not too many at a time', snapshot(['creating'], { createConcurrency: 3 }, { waiting: 9 }), 2, []],
		['nothing for the reserve beyond max', snapshot(['leased', 'leased'], { max: 3, reserve: 2 }), 1, []],
	]);
});

describe('a reserve that grows with the load', () => {
	decides([
		['half a builder a lease is rounded up', snapshot(['leased'], { reserve: 1, scaleFactor: 0.5 }), 2, []],
		['in total, not each', snapshot(['leased', 'leased'], { scaleFactor: 0.5 }), 1, []],
		[
			'25 times 0.28 is 7, whatever binary fractions say',
			snapshot(Array(25).fill('leased'), { max: 90, scaleFactor: 0.28, maxReserve: 90 }),
			7,
			[],
		],
		[
			'up to its ceiling',
			snapshot(['leased', 'leased'], { reserve: 1, scaleFactor: 2, maxReserve: 3 }),
			3,
			[],
		],
	]);
});

describe('a provider that fails', () => {
	const failing = { waiting: 5, failures: 2 };
	decides([
		['is tried by one', snapshot([], {}, failing), 1, []],
		['and by no second one', snapshot(['booting'], {}, failing), 0, []],
		['not in the pause', snapshot([], {}, { ...failing, pausing: true }), 0, []],
		[
			'except for those who wait, where the pause is for the reserve only',
			snapshot([], { reserve: 2 }, { ...failing, pausing: true, pausesCheckouts: false }),
			1,
			[],
		],
		[
			'and not for the reserve then',
			snapshot([], { reserve: 2 }, { failures: 1, pausing: true, pausesCheckouts: false }),
			0,
			[],
		],
	]);
});

describe('a quota', () => {
	const blocked = { waiting: 5, quotaBlocked: true };
	decides([
		['is kept where the provider tells it', snapshot([], {}, { waiting: 5, headroom: 2 }), 2, []],
		['also where it is used up', snapshot([], {}, { waiting: 5, headroom: 0 }), 0, []],
		['or worse', snapshot([], {}, { waiting: 5, headroom: -3 }), 0, []],
		['after a refusal nothing is tried in the pause', snapshot([], {}, { ...blocked, pausing: true }), 0, []],
		['then one', snapshot(['booting'], {}, blocked), 1, []],
		['and no second one until it is known', snapshot(['creating'], {}, blocked), 0, []],
		['not even one where the provider says so', snapshot([], {}, { ...blocked, headroom: 0 }), 0, []],
	]);
});

describe('the rate of creates', () => {
	const rate = { createRate: { count: 2, perMs: 10_000 } };
	const at = (...agoMs: number[]) => ({ waiting: 5, creates: agoMs.map((ms) => 1_000_000 - ms) });
	decides([
		['bounds what begins at once', snapshot([], rate, at()), 2, []],
		['counts what began lately', snapshot([], rate, at(50_000, 9_999)), 1, []],
		['waits when it is used up', snapshot([], rate, at(9_999, 0)), 0, []],
		['forgets what is a window ago', snapshot([], rate, at(10_000, 5_000)), 1, []],
		['bears a longer past than it allows', snapshot([], rate, at(3, 2, 1)), 0, []],
	]);

	it.each([
		[at(), 10_000],
		[at(50_000, 4_000), 6_000],
		[at(9_000, 4_000), 1_000],
		[at(9_000, 8_000, 4_000), 2_000],
	])('tells when the next may begin: %j', (more, untilMs) => {
		const { lookAgainMs, explanation } = decidePool(snapshot([], rate, more));
		expect(explanation.heldBy.find(({ by }) => by === 'rate')?.untilMs).toBe(untilMs);
		expect(lookAgainMs).toBe(untilMs);
	});
});

describe('what is given up', () => {
	decides([
		[
			'what is not needed: the least ready',
			snapshot(['ready', 'creating', 'booting'], {}, { waiting: 1 }),
			0,
			['b1 surplus', 'b2 surplus'],
		],
		['the newest of the same state', snapshot(['ready', 'ready'], { reserve: 1 }), 0, ['b1 surplus']],
		['what has failed', snapshot(['failed', 'ready'], { reserve: 1 }), 0, ['b0 failed']],
		['what is too old, and is replaced', snapshot(['ready?'], { reserve: 1 }), 1, ['b0 expired']],
		['never what is leased', snapshot(['leased?', 'leased!', 'leased'], { max: 1 }), 0, []],
		[
			'what is above a max that was lowered, whoever waits',
			snapshot(['leased', 'leased', 'ready', 'booting'], { max: 3, reserve: 2 }, { waiting: 4 }),
			0,
			['b3 surplus'],
		],
		[
			'at the end all but what is leased',
			snapshot(['ready', 'leased', 'creating', 'destroying', 'failed'], {}, { draining: true, waiting: 3 }),
			0,
			['b4 failed', 'b0 closing', 'b2 closing'],
		],
		[
			'the same where the pool is turned off',
			snapshot(['ready', 'leased', 'ready!'], { enabled: false, reserve: 2 }, { waiting: 3 }),
			0,
			['b0 disabled', 'b2 disabled'],
		],
	]);
});

describe('rotation', () => {
	const two = { reserve: 2 };
	decides([
		['makes the new before it gives up the old', snapshot(['ready!', 'ready!'], two), 2, []],
		['gives up none for one that is only coming', snapshot(['ready!', 'ready!', 'booting'], two), 1, []],
		[
			'gives up one for one that is ready, the oldest first',
			snapshot(['ready!', 'ready!', 'ready'], two),
			1,
			['b0 outdated'],
		],
		[
			'gives up what is still being made first',
			snapshot(['ready!', 'booting!', 'ready'], two),
			1,
			['b1 outdated'],
		],
		['counts the old for who waits', snapshot(['ready!', 'ready!'], two, { waiting: 1 }), 2, []],
		[
			'does not count them for who gets a fresh one',
			snapshot(['ready!', 'ready'], { reserve: 1 }, { waiting: 1 }),
			1,
			[],
		],
		['makes no more for those', snapshot(['ready!'], {}, { waiting: 1 }), 0, []],
		['gives up the old where there is no reserve', snapshot(['ready!'], {}), 0, ['b0 outdated']],
		[
			'where max leaves no room for both, gives up one',
			snapshot(['ready!', 'ready!', 'leased'], { ...two, max: 3 }),
			0,
			['b0 outdated'],
		],
		['and waits until it is gone', snapshot(['destroying', 'ready!', 'leased'], { ...two, max: 3 }), 0, []],
		['makes the new one then', snapshot(['ready!', 'leased'], { ...two, max: 3 }), 1, []],
		['and waits until that is ready', snapshot(['ready!', 'leased', 'booting'], { ...two, max: 3 }), 0, []],
		[
			'before it goes on to the next',
			snapshot(['ready!', 'leased', 'ready'], { ...two, max: 3 }),
			0,
			['b0 outdated'],
		],
		[
			'gives up none where the new one could not be made',
			snapshot(['ready!', 'ready!', 'leased'], { ...two, max: 3 }, { failures: 1 }),
			0,
			[],
		],
		[
			'nor where the rate holds it back',
			snapshot(
				['ready!', 'ready!', 'leased'],
				{ ...two, max: 3, createRate: { count: 1, perMs: 5_000 } },
				{ creates: [999_000] },
			),
			0,
			[],
		],
		[
			'in a full quota, gives up one of a complete reserve',
			snapshot(['ready!', 'ready!'], two, { headroom: 0 }),
			0,
			['b0 outdated'],
		],
		[
			'but none of an incomplete one: others may be quicker to take its room',
			snapshot(['ready!'], two, { headroom: 0 }),
			0,
			[],
		],
		[
			'the same after a refusal',
			snapshot(['ready!', 'ready!'], two, { quotaBlocked: true, pausing: true }),
			0,
			['b0 outdated'],
		],
	]);

	it('is due by age as well, of those that are ready', () => {
		const given = snapshot(['ready', 'ready', 'booting', 'leased'], { reserve: 3, maxReserveAgeMs: 10_000 });
		const ages = [10_000, 4_000, 20_000, 20_000];
		const builders = given.builders.map((builder, index) => ({ ...builder, ageMs: ages[index] ?? 0 }));
		const decision = decidePool({ ...given, builders });
		expect(decision).toMatchObject({ create: 1, createReason: 'rotation', destroy: [], lookAgainMs: 6_000 });
		expect(decision.explanation.outdated).toBe(1);
	});
});

describe('the account of a decision', () => {
	it.each([
		['checkout', snapshot(['ready', 'leased'], { reserve: 1 }, { waiting: 2 })],
		['reserve', snapshot(['ready', 'ready'], { reserve: 1 }, { waiting: 2 })],
		['rotation', snapshot(['ready!', 'leased'], { reserve: 1 })],
	])('tells that it makes one for: %s', (reason, given) => {
		const { createReason, explanation } = decidePool(given);
		expect(createReason).toBe(reason);
		expect(explanation.createReason).toBe(reason);
	});

	it('has all that is wanted, had, done and held back', () => {
		const given = snapshot(
			['leased', 'ready!', 'creating', 'destroying', 'gone', 'failed'],
			{ max: 8, reserve: 3, scaleFactor: 1, createConcurrency: 2 },
			{ waiting: 5, headroom: 3 },
		);
		expect(decidePool(given).explanation).toEqual({
			wanted: { waiting: 5, reserve: 4 },
			have: { creating: 1, booting: 0, ready: 1, leased: 1, failed: 1, destroying: 1 },
			outdated: 1,
			create: 1,
			createReason: 'checkout',
			destroy: [{ id: 'b5', reason: 'failed' }],
			heldBy: [
				{ by: 'max', missing: 4 },
				{ by: 'concurrency', missing: 2 },
			],
		});
	});

	it.each([
		['draining', snapshot([], {}, { waiting: 2, draining: true }), [{ by: 'draining', missing: 2 }]],
		['disabled', snapshot([], { enabled: false }, { waiting: 2 }), [{ by: 'disabled', missing: 2 }]],
		['quota', snapshot([], {}, { waiting: 3, headroom: 1 }), [{ by: 'quota', missing: 2 }]],
		[
			'a refusal',
			snapshot([], {}, { waiting: 3, quotaBlocked: true, pausing: true, pauseMs: 4_000 }),
			[{ by: 'quota', missing: 3, untilMs: 4_000 }],
		],
		[
			'a pause, behind what lasts longer',
			snapshot(['leased'], { max: 3 }, { waiting: 3, failures: 1, pausing: true, pauseMs: 4_000 }),
			[
				{ by: 'max', missing: 1 },
				{ by: 'pausing', missing: 2, untilMs: 4_000 },
			],
		],
		[
			'failures',
			snapshot([], { createConcurrency: 2 }, { waiting: 3, failures: 1 }),
			[{ by: 'provider-failing', missing: 2 }],
		],
		['nothing', snapshot([], {}, { waiting: 3 }), []],
	])('names what holds: %s', (_name, given, heldBy) => {
		expect(decidePool(given).explanation.heldBy).toEqual(heldBy);
	});
});
