import type { CheckoutPriority } from '@olcf/container-builder-core';
import type { DayPool } from './day-plan.js';
import type { DayRandom } from './day-random.js';
import { DAY, MINUTE, SECOND } from './time.js';

/** Somebody comes with a build. All times are in milliseconds. */
export interface DayVisit {
	readonly buildId: string;
	readonly user: string;
	readonly pool: string;
	readonly priority: CheckoutPriority;
	/** From midnight. */
	readonly atMs: number;
	/** From the lease to the end of the build. */
	readonly buildMs: number;
	/** Leaves the line when there is no lease after so long. */
	readonly leavesAfterMs: number | undefined;
	/** Cancels the build by its id so long after it came. */
	readonly cancelsAfterMs: number | undefined;
	/** Is not seen again so long after the lease. */
	readonly vanishesAfterMs: number | undefined;
	/** Lets go of the lease for as long as the build takes, and comes back then. */
	readonly detaches: boolean;
	/** Asks for a fresh builder where one is lost, and starts again. */
	readonly replaces: boolean;
}

const USERS = 6;

/** Between 500 and 520 visits, by their time; a part of them in bursts. */
export function dayVisits(pools: readonly DayPool[], random: DayRandom): readonly DayVisit[] {
	const count = random.whole(500, 520);
	const capacity = pools.reduce((sum, { max }) => sum + max, 0);
	const meanMs = Math.min((random.between(0.2, 0.9) * capacity * DAY) / count, 40 * MINUTE);
	const bursts = Array.from({ length: random.whole(1, 6) }, () => random.between(0, DAY - 20 * MINUTE));
	const total = pools.reduce((sum, { max }) => sum + max, 0);
	return Array.from({ length: count }, () => {
		const burst = bursts[random.whole(0, bursts.length - 1)] ?? 0;
		const atMs = random.chance(0.4) ? burst + random.between(0, 20 * MINUTE) : random.between(0, DAY);
		const buildMs = random.exponential(meanMs, SECOND);
		return {
			// The first users come most.
			user: `user${Math.floor(random.next() ** 2 * USERS) + 1}`,
			pool: poolOf(pools, random.next() * total),
			priority: random.oneOf<CheckoutPriority>(['low', 'normal', 'normal', 'normal', 'high']),
			atMs,
			buildMs,
			leavesAfterMs: random.chance(0.08) ? random.between(0, 30 * MINUTE) : undefined,
			cancelsAfterMs: random.chance(0.05) ? random.between(0, 40 * MINUTE) : undefined,
			vanishesAfterMs: random.chance(0.03) ? random.between(0, buildMs) : undefined,
			detaches: random.chance(0.05),
			replaces: random.chance(0.7),
		};
	})
		.sort((a, b) => a.atMs - b.atMs)
		.map((visit, index) => ({ buildId: `visit-${String(index).padStart(4, '0')}`, ...visit }));
}

/** As many come to a pool as it has builders. */
function poolOf(pools: readonly DayPool[], position: number): string {
	let left = position;
	for (const { name, max } of pools) {
		left -= max;
		if (left < 0) return name;
	}
	return pools[0]?.name ?? 'default';
}
