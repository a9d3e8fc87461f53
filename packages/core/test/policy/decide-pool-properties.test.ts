import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePool } from '../../src/policy/decide-pool.js';
import { healthySnapshots, PoolWorld, reserveOf, snapshots } from './pool-world.js';

const runs = { numRuns: 500 };

describe('whatever the pool is like, a decision', () => {
	it('goes past no bound', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const { create } = decidePool(given);
				const { policy, builders, headroom = 100 } = given;
				const creating = builders.filter(({ state }) => state === 'creating').length;
				expect(create).toBeGreaterThanOrEqual(0);
				if (create === 0) return;
				const existing = builders.filter(({ state }) => state !== 'gone').length;
				expect(existing + create).toBeLessThanOrEqual(policy.max);
				expect(creating + create).toBeLessThanOrEqual(policy.createConcurrency);
				expect(create).toBeLessThanOrEqual(headroom);
				expect(given.draining || !policy.enabled).toBe(false);
				expect(given.pausing && given.pausesCheckouts).toBe(false);
				if (given.quotaBlocked || given.failures > 0) expect(creating + create).toBe(1);
				const { count, perMs } = policy.createRate ?? { count: 100, perMs: 1 };
				const recent = given.creates.filter((time) => time > given.nowMs - perMs).length;
				expect(recent + create).toBeLessThanOrEqual(count);
			}),
			runs,
		);
	});

	it('destroys nothing twice and nothing that is leased', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const { destroy } = decidePool(given);
				expect(new Set(destroy.map(({ id }) => id)).size).toBe(destroy.length);
				for (const { id } of destroy) {
					const state = given.builders.find((builder) => builder.id === id)?.state;
					expect(['creating', 'booting', 'ready', 'failed']).toContain(state);
				}
			}),
			runs,
		);
	});

	it('accounts for each builder that is wanted: made or held', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const { create, destroy, lookAgainMs, explanation } = decidePool(given);
				expect(explanation).toMatchObject({ create, destroy });
				const held = explanation.heldBy.reduce((sum, { missing }) => sum + missing, 0);
				for (const hold of explanation.heldBy) {
					expect(hold.missing).toBeGreaterThan(0);
					expect(hold.untilMs ?? 1).toBeGreaterThan(0);
				}
				expect(lookAgainMs ?? 1).toBeGreaterThan(0);
				const { wanted, have, outdated } = explanation;
				const expired = destroy.filter(({ reason }) => reason === 'expired').length;
				if (given.draining || !given.policy.enabled) return;
				const fresh = have.creating + have.booting + have.ready - outdated - expired;
				expect(create + held).toBeGreaterThanOrEqual(wanted.waiting + wanted.reserve - fresh - outdated);
				expect(create + held).toBeLessThanOrEqual(Math.max(0, wanted.waiting + wanted.reserve - fresh));
			}),
			runs,
		);
	});

	it('leaves as many ready as the reserve should have, where there is room for the new beside the old', () => {
		fc.assert(
			fc.property(healthySnapshots, (given) => {
				const policy = { ...given.policy, max: 100 };
				const ready = given.builders.filter(({ state, expired }) => state === 'ready' && !expired);
				const going = new Set(decidePool({ ...given, policy }).destroy.map(({ id }) => id));
				const left = ready.filter(({ id }) => !going.has(id)).length;
				const leased = given.builders.filter(({ state }) => state === 'leased').length;
				expect(left).toBeGreaterThanOrEqual(Math.min(reserveOf(policy, leased), ready.length));
			}),
			runs,
		);
	});
});

describe('a world that does as it is told', () => {
	it('comes to rest, and never gives up what it has just made', () => {
		fc.assert(
			fc.property(snapshots, (given) => {
				const world = new PoolWorld(given);
				world.settle(({ destroy }) => {
					expect(destroy.filter(({ id }) => world.made.has(id))).toEqual([]);
				});
			}),
			runs,
		);
	});

	it('has exactly its reserve then, all of it fresh, where there is room', () => {
		fc.assert(
			fc.property(healthySnapshots, (given) => {
				const world = new PoolWorld({ ...given, policy: { ...given.policy, max: 100 } });
				world.settle();
				expect(world.waiting).toBe(0);
				expect(world.count('ready')).toBe(reserveOf(given.policy, world.count('leased')));
				expect(world.builders.length).toBe(world.count('ready') + world.count('leased'));
				expect(world.builders.some(({ state, outdated }) => state === 'ready' && outdated)).toBe(false);
			}),
			runs,
		);
	});

	it('has as much of it as max leaves room for otherwise', () => {
		fc.assert(
			fc.property(healthySnapshots, (given) => {
				const world = new PoolWorld(given);
				const before = world.count('leased');
				world.settle();
				const [ready, leased] = [world.count('ready'), world.count('leased')];
				const room = Math.max(0, given.policy.max - leased);
				expect(ready).toBe(Math.min(room, reserveOf(given.policy, leased)));
				if (world.waiting > 0) expect(room).toBe(0);
				if (leased > given.policy.max) expect(leased).toBe(Math.max(before, leased));
				expect(world.builders.some(({ state, outdated }) => state === 'ready' && outdated)).toBe(false);
			}),
			runs,
		);
	});

	it('has at most one builder less for a rotation, however tight max is', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 6 }),
				fc.integer({ min: 0, max: 6 }),
				fc.integer({ min: 0, max: 3 }),
				healthySnapshots,
				(reserve, leased, spare, given) => {
					const max = reserve + leased + spare;
					const builder = { ageMs: 1, expired: false };
					const world = new PoolWorld({
						...given,
						policy: { ...given.policy, max, reserve, maxReserve: reserve },
						waiting: 0,
						builders: Array.from({ length: reserve + leased }, (_, index) => ({
							...builder,
							id: `b${index}`,
							state: index < reserve ? ('ready' as const) : ('leased' as const),
							outdated: true,
						})),
					});
					world.settle(() => {
						expect(world.count('ready')).toBeGreaterThanOrEqual(spare > 0 ? reserve : reserve - 1);
					});
					expect(world.made.size).toBe(reserve);
				},
			),
			runs,
		);
	});
});
