import type { PoolCensus } from './pool-census.js';
import type { PoolHold } from './pool-explanation.js';
import type { PoolSnapshot } from './pool-snapshot.js';

/** At most so many builders may be made now. */
export interface CreateBound {
	readonly by: PoolHold['by'];
	/** May be below 0. */
	readonly most: number;
	readonly untilMs?: number | undefined;
}

/**
 * All that bounds the making of builders, what lasts longest first. `forCheckouts`: how many of those wanted are for
 * checkouts in line.
 */
export function createBounds(
	snapshot: PoolSnapshot,
	{ have, existing }: PoolCensus,
	forCheckouts: number,
): CreateBound[] {
	const { policy, failures, pausing, pauseMs } = snapshot;
	const bounds: CreateBound[] = [{ by: 'max', most: policy.max - existing }];
	if (snapshot.headroom !== undefined) bounds.push({ by: 'quota', most: Math.floor(snapshot.headroom) });
	if (snapshot.quotaBlocked) {
		// One attempt now and then finds out whether others have left room.
		bounds.push(
			pausing
				? { by: 'quota', most: 0, untilMs: pauseMs }
				: { by: 'quota', most: Math.max(0, 1 - have.creating) },
		);
	}
	if (pausing && (failures > 0 || !snapshot.quotaBlocked)) {
		bounds.push({ by: 'pausing', most: snapshot.pausesCheckouts ? 0 : forCheckouts, untilMs: pauseMs });
	}
	if (failures > 0) bounds.push({ by: 'provider-failing', most: 1 - have.creating - have.booting });
	if (policy.createRate !== undefined) bounds.push(rateBound(policy.createRate, snapshot));
	bounds.push({ by: 'concurrency', most: policy.createConcurrency - have.creating });
	return bounds;
}

/** How many may begin now, so that no window of `perMs` has more than `count`; and when the next one may. */
function rateBound(
	{ count, perMs }: { readonly count: number; readonly perMs: number },
	{ creates, nowMs }: Pick<PoolSnapshot, 'creates' | 'nowMs'>,
): CreateBound {
	const since = nowMs - perMs;
	let recent = 0;
	while (recent < creates.length && (creates[creates.length - 1 - recent] ?? since) > since) recent++;
	const first = creates[creates.length - Math.min(recent, count)];
	return { by: 'rate', most: count - recent, untilMs: (first ?? nowMs) + perMs - nowMs };
}
