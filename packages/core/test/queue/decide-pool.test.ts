import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePool, type PoolSnapshot } from '../../src/queue/decide-pool.js';
import type { PoolBuilderState } from '../../src/spec/index.js';

const STATES: readonly PoolBuilderState[] = [
	'creating',
	'booting',
	'ready',
	'leased',
	'destroying',
	'failed',
	'gone',
];

function snapshot(states: readonly PoolBuilderState[], more: Partial<PoolSnapshot> = {}): PoolSnapshot {
	return {
		max: 10,
		reserve: 0,
		createConcurrency: 10,
		waiting: 0,
		failures: 0,
		pausing: false,
		pausesCheckouts: true,
		draining: false,
		builders: states.map((state, index) => ({ id: `b${index}`, state, expired: false })),
		...more,
	};
}

describe('the policy of a pool', () => {
	it.each([
		['nothing is asked', snapshot([]), 0, []],
		['one waits', snapshot([], { waiting: 1 }), 1, []],
		['one waits, one is coming', snapshot(['creating'], { waiting: 1 }), 0, []],
		['one waits, one is ready for it', snapshot(['ready'], { waiting: 1 }), 0, []],
		['leased ones serve nobody else', snapshot(['leased', 'leased'], { waiting: 1 }), 1, []],
		['the reserve is kept beyond those who wait', snapshot(['ready'], { waiting: 2, reserve: 2 }), 3, []],
		[
			'max counts all that exist',
			snapshot(['leased', 'destroying', 'failed'], { waiting: 5, max: 4 }),
			1,
			['b2'],
		],
		['what is gone counts no more', snapshot(['gone', 'gone'], { waiting: 2, max: 2 }), 2, []],
		['creates are bounded', snapshot(['creating'], { waiting: 9, createConcurrency: 3 }), 2, []],
		['a failing provider is tried by one', snapshot([], { waiting: 5, failures: 2 }), 1, []],
		['and by no second one', snapshot(['booting'], { waiting: 5, failures: 2 }), 0, []],
		['a pause is a pause', snapshot([], { waiting: 5, failures: 2, pausing: true }), 0, []],
		[
			'unless it is for the reserve only',
			snapshot([], { waiting: 5, reserve: 2, failures: 1, pausing: true, pausesCheckouts: false }),
			1,
			[],
		],
		[
			'who left leaves a surplus: the least ready goes',
			snapshot(['ready', 'creating', 'booting'], { waiting: 1 }),
			0,
			['b1', 'b2'],
		],
		['the newest of the same state goes', snapshot(['ready', 'ready'], { reserve: 1 }), 0, ['b1']],
		['failed ones go', snapshot(['failed', 'ready'], { reserve: 1 }), 0, ['b0']],
		[
			'at the end all go',
			snapshot(['ready', 'leased', 'creating', 'destroying', 'gone'], { draining: true, waiting: 3 }),
			0,
			['b0', 'b1', 'b2'],
		],
	] as const)('%s', (_name, given, create, destroy) => {
		const decision = decidePool(given);
		expect(decision.create).toBe(create);
		expect(decision.destroy.map(({ id }) => id)).toEqual(destroy);
	});

	it('replaces what is too old, unless it is leased', () => {
		const given = snapshot(['ready', 'leased'], { reserve: 1 });
		const builders = given.builders.map((builder) => ({ ...builder, expired: true }));
		const decision = decidePool({ ...given, builders });
		expect(decision).toMatchObject({ create: 1, destroy: [{ id: 'b0', reason: 'expired' }] });
	});

	const snapshots = fc
		.record({
			states: fc.array(fc.record({ state: fc.constantFrom(...STATES), expired: fc.boolean() }), {
				maxLength: 20,
			}),
			max: fc.integer({ min: 1, max: 20 }),
			reserve: fc.integer({ min: 0, max: 20 }),
			createConcurrency: fc.integer({ min: 1, max: 5 }),
			waiting: fc.integer({ min: 0, max: 50 }),
			failures: fc.integer({ min: 0, max: 5 }),
			pausing: fc.boolean(),
			pausesCheckouts: fc.boolean(),
			draining: fc.boolean(),
		})
		.map(({ states, ...rest }) => ({
			...rest,
			builders: states.map((state, index) => ({ id: `b${index}`, ...state })),
		}));

	it('never goes past a bound, destroys nothing twice and nothing that is in use', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const { create, destroy } = decidePool(given);
				const existing = given.builders.filter(({ state }) => state !== 'gone').length;
				const creating = given.builders.filter(({ state }) => state === 'creating').length;
				expect(create).toBeGreaterThanOrEqual(0);
				if (create > 0) {
					expect(existing + create).toBeLessThanOrEqual(given.max);
					expect(creating + create).toBeLessThanOrEqual(given.createConcurrency);
					expect(given.draining).toBe(false);
				}
				expect(new Set(destroy.map(({ id }) => id)).size).toBe(destroy.length);
				for (const { id } of destroy) {
					const state = given.builders.find((builder) => builder.id === id)?.state;
					expect(['destroying', 'gone']).not.toContain(state);
					if (!given.draining) expect(state).not.toBe('leased');
				}
			}),
		);
	});

	it('settles: what it decides, once done, leaves nothing to decide', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const healthy = { ...given, failures: 0, pausing: false, createConcurrency: 100 };
				const { create, destroy } = decidePool(healthy);
				const gone = new Set(destroy.map(({ id }) => id));
				const after = {
					...healthy,
					builders: [
						...healthy.builders.map((builder) =>
							gone.has(builder.id) ? { ...builder, state: 'destroying' as const } : builder,
						),
						...Array.from({ length: create }, (_, index) => ({
							id: `new${index}`,
							state: 'creating' as const,
							expired: false,
						})),
					],
				};
				expect(decidePool(after)).toMatchObject({ create: 0, destroy: [] });
			}),
		);
	});
});
