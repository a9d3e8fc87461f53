import { type CreateBound, createBounds } from './create-bounds.js';
import { planStock, type StockPlan } from './plan-stock.js';
import { type PoolCensus, takeCensus } from './pool-census.js';
import type { PoolExplanation, PoolHold } from './pool-explanation.js';
import type { PoolCreateReason, PoolDestroyReason, PoolSnapshot } from './pool-snapshot.js';

/** What to do about a pool. */
export interface PoolDecision {
	/** How many builders to make now. */
	readonly create: number;
	/** What for: for events and logs. Where some are for checkouts, it is `checkout`. */
	readonly createReason: PoolCreateReason;
	/** Leased builders are never among them. */
	readonly destroy: readonly { readonly id: string; readonly reason: PoolDestroyReason }[];
	/** Milliseconds after which to decide again even if nothing happens until then; undefined where only events count. */
	readonly lookAgainMs?: number | undefined;
	/** Why. */
	readonly explanation: PoolExplanation;
}

/**
 * Decides how many builders to make and which to destroy. Pure. Never more than `max` come to exist, counting all
 * that is not gone; checkouts in line go before the reserve; what is leased is left alone, whatever changes.
 */
export function decidePool(snapshot: PoolSnapshot): PoolDecision {
	const census = takeCensus(snapshot);
	if (snapshot.draining) return giveUp(snapshot, census, 'draining');
	if (!snapshot.policy.enabled) return giveUp(snapshot, census, 'disabled');

	const stock = planStock(snapshot, census);
	const bounds = stock.missing > 0 ? createBounds(snapshot, census, stock.forCheckouts) : [];
	const heldBy: PoolHold[] = [];
	let create = stock.missing;
	for (const { by, most, untilMs } of bounds) {
		const allowed = Math.max(0, most);
		if (create <= allowed) continue;
		heldBy.push({ by, missing: create - allowed, untilMs });
		create = allowed;
	}
	const destroy = [...census.useless, ...stock.destroy];
	const [stopgap] = stock.stopgaps;
	if (stopgap !== undefined && destroy.length === 0 && mustMakeWay(snapshot, census, stock, bounds)) {
		destroy.push({ id: stopgap.id, reason: 'outdated' });
	}
	const usable = census.fresh.length + census.old.length;
	const { waiting } = snapshot;
	return account(snapshot, census, {
		reserve: stock.reserve,
		create,
		createReason: usable < waiting ? 'checkout' : usable < waiting + stock.reserve ? 'reserve' : 'rotation',
		destroy,
		heldBy,
		lookAgainMs: nextLook(snapshot, census, heldBy),
	});
}

/** When something of this changes by time alone. */
function nextLook(
	{ policy: { maxReserveAgeMs } }: PoolSnapshot,
	{ fresh }: PoolCensus,
	heldBy: readonly PoolHold[],
): number | undefined {
	let nextMs = Number.POSITIVE_INFINITY;
	for (const { untilMs = nextMs } of heldBy) nextMs = Math.min(nextMs, untilMs);
	if (maxReserveAgeMs !== undefined) {
		for (const { state, ageMs } of fresh) {
			if (state === 'ready') nextMs = Math.min(nextMs, maxReserveAgeMs - ageMs);
		}
	}
	return nextMs === Number.POSITIVE_INFINITY ? undefined : nextMs;
}

/** Whether an old builder has to go before a fresh one can come: one at a time, and only where nothing else is in the way. */
function mustMakeWay(
	snapshot: PoolSnapshot,
	{ have, fresh }: PoolCensus,
	stock: StockPlan,
	bounds: readonly CreateBound[],
): boolean {
	if (snapshot.failures > 0 || have.destroying > 0 || fresh.some(({ state }) => state !== 'ready'))
		return false;
	const closed = bounds.filter(({ most }) => most <= 0);
	if (closed.length === 0) return false;
	// Others may be quicker to take the room that it leaves in a quota: that must not use up the reserve.
	return closed.every(({ by }) => by === 'max' || (by === 'quota' && stock.complete));
}

/** Makes nothing, and lets only those go on that are leased. */
function giveUp(snapshot: PoolSnapshot, census: PoolCensus, by: 'draining' | 'disabled'): PoolDecision {
	const reason = by === 'draining' ? ('closing' as const) : by;
	const { waiting } = snapshot;
	return account(snapshot, census, {
		reserve: 0,
		create: 0,
		createReason: 'checkout',
		destroy: [...census.useless, ...[...census.fresh, ...census.old].map(({ id }) => ({ id, reason }))],
		heldBy: waiting > 0 ? [{ by, missing: waiting }] : [],
	});
}

function account(
	{ waiting }: PoolSnapshot,
	{ have, old }: PoolCensus,
	outcome: Omit<PoolDecision, 'explanation'> & Pick<PoolExplanation, 'heldBy'> & { readonly reserve: number },
): PoolDecision {
	const { create, createReason, destroy, heldBy, lookAgainMs } = outcome;
	const wanted = { waiting, reserve: outcome.reserve };
	const explanation = { wanted, have, outdated: old.length, create, createReason, destroy, heldBy };
	return { create, createReason, destroy, lookAgainMs, explanation };
}
