import type { PoolOptions, UserPolicy } from '@olcf/container-builder-core';
import { DayRandom } from './day-random.js';
import { type DayTrouble, dayTroubles } from './day-troubles.js';
import { type DayVisit, dayVisits } from './day-visits.js';
import { type MachineFaults, machineFaults } from './machine-faults.js';
import { HOUR, MINUTE, SECOND } from './time.js';

/** A pool whose numbers are all given. */
export type DayPool = PoolOptions & {
	readonly name: string;
	readonly max: number;
	readonly reserve: number;
};

/** All that a seed decides. All times are in milliseconds from midnight. */
export interface DayPlan {
	readonly seed: number;
	readonly pools: readonly [DayPool, ...DayPool[]];
	readonly users: UserPolicy;
	readonly patienceMs: number;
	readonly idleMs: number;
	readonly deadlineMs: number;
	readonly listStaleMs: number;
	readonly visits: readonly DayVisit[];
	readonly troubles: readonly DayTrouble[];
	readonly faults: MachineFaults;
}

/** What the day of that seed is like. */
export function dayPlan(seed: number): DayPlan {
	const random = new DayRandom(seed);
	const names = random.chance(0.3) ? (['small', 'big'] as const) : (['small'] as const);
	const [first, ...others] = names.map((name) => dayPool(name, random));
	if (first === undefined) throw new TypeError('a day without a pool');
	const pools = [first, ...others] as const;
	const users = userPolicy(random);
	return {
		seed,
		pools,
		users,
		patienceMs: random.between(20, 60) * MINUTE,
		idleMs: random.between(10, 30) * MINUTE,
		deadlineMs: 4 * HOUR,
		listStaleMs: random.chance(0.3) ? random.between(0.5, 4) * SECOND : 0,
		visits: dayVisits(pools, random),
		troubles: dayTroubles(pools, random),
		faults: machineFaults(random),
	};
}

function dayPool(name: string, random: DayRandom): DayPool {
	const max = random.whole(1, 6);
	return {
		name,
		flavor: name,
		max,
		reserve: random.whole(0, Math.min(max, 3)),
		scaleFactor: random.chance(0.2) ? 0.5 : 0,
		maxReserveAgeMs: random.chance(0.3) ? random.between(2, 6) * HOUR : undefined,
		createConcurrency: random.whole(1, 3),
		createRate: random.chance(0.1) ? { count: 2, perMs: 30 * SECOND } : undefined,
		bootTimeoutMs: 2 * MINUTE,
		createTimeoutMs: 5 * MINUTE,
		lifetimeMs: 48 * HOUR,
	};
}

function userPolicy(random: DayRandom): UserPolicy {
	return {
		default: {
			maxPriority: 'high',
			running: random.chance(0.3) ? random.whole(1, 3) : undefined,
			waiting: random.chance(0.2) ? random.whole(10, 30) : undefined,
		},
		byName: random.chance(0.3) ? { user1: { maxPriority: 'high', running: 1 } } : {},
	};
}
