import type { PoolBuilderState } from '../spec/index.js';
import type { ActivePolicy } from './active-policy.js';
import { countReady, type PoolCensus } from './pool-census.js';
import type { PoolDestroyReason, PoolSnapshot, PoolSnapshotBuilder } from './pool-snapshot.js';

/** What the stock of builders that nobody has yet should become. */
export interface StockPlan {
	/** Builders to have ready beyond those that are waited for. */
	readonly reserve: number;
	/** Fresh ones that are not even being made. */
	readonly missing: number;
	/** How many of those are for checkouts in line; the others are for the reserve. */
	readonly forCheckouts: number;
	readonly destroy: readonly { readonly id: string; readonly reason: PoolDestroyReason }[];
	/** Old ones that stay for now, in the order in which they go when there is no room for fresh ones beside them. */
	readonly stopgaps: readonly PoolSnapshotBuilder[];
	/** Whether as many are ready as the reserve should have, old ones among them. */
	readonly complete: boolean;
}

/** The least ready first: what has cost least is given up first. */
const SURPLUS_ORDER: readonly PoolBuilderState[] = ['creating', 'booting', 'ready'];

/** Compares what there is with what is wanted. Pure. */
export function planStock({ policy, waiting }: PoolSnapshot, census: PoolCensus): StockPlan {
	const { have, fresh, old } = census;
	const reserve = reserveSize(policy, have.leased);
	const freshReady = countReady(fresh);
	// Fresh ones are handed out first; old ones serve those for whom there is no fresh one.
	const oldInUse = Math.min(Math.max(0, waiting - freshReady), old.length);
	const wanted = waiting - oldInUse + reserve;
	const idleReady = Math.max(0, freshReady - waiting);
	const oldKept = Math.min(old.length - oldInUse, Math.max(0, reserve - idleReady));

	const surplusOld = old.length - oldInUse - oldKept;
	const surplusFresh = Math.max(0, fresh.length - wanted);
	// A period may have lowered max.
	const room = Math.max(0, policy.max - have.leased);
	const excess = Math.max(0, old.length - surplusOld + fresh.length - surplusFresh - room);
	const oldInOrder = inOrder(old, 'oldest');
	return {
		reserve,
		missing: Math.max(0, wanted - fresh.length),
		forCheckouts: Math.max(0, waiting - oldInUse - fresh.length),
		destroy: whatGoes(oldInOrder, fresh, { surplusOld, surplusFresh, excess }),
		stopgaps: oldInOrder.slice(surplusOld, surplusOld + oldKept),
		complete: idleReady + Math.max(0, countReady(old) - oldInUse) >= reserve,
	};
}

function whatGoes(
	oldInOrder: readonly PoolSnapshotBuilder[],
	fresh: readonly PoolSnapshotBuilder[],
	count: { readonly surplusOld: number; readonly surplusFresh: number; readonly excess: number },
): StockPlan['destroy'] {
	if (count.surplusOld + count.surplusFresh + count.excess === 0) return [];
	const freshInOrder = inOrder(fresh, 'newest');
	const left = [...oldInOrder.slice(count.surplusOld), ...freshInOrder.slice(count.surplusFresh)];
	const surplus = [
		...freshInOrder.slice(0, count.surplusFresh),
		...inOrder(left, 'oldest').slice(0, count.excess),
	];
	return [
		...oldInOrder.slice(0, count.surplusOld).map(({ id }) => ({ id, reason: 'outdated' as const })),
		...surplus.map(({ id }) => ({ id, reason: 'surplus' as const })),
	];
}

/** Builders to have ready while so many are leased. */
function reserveSize({ reserve, scaleFactor, maxReserve }: ActivePolicy, leased: number): number {
	// Less what a product of binary fractions is too large by.
	const scaled = Math.ceil(scaleFactor * leased - 1e-9);
	return Math.min(maxReserve, reserve + scaled);
}

/** Sorted by how ready they are, and then by age, given that `builders` are in the order of their making. */
function inOrder(
	builders: readonly PoolSnapshotBuilder[],
	first: 'newest' | 'oldest',
): readonly PoolSnapshotBuilder[] {
	if (builders.length === 0) return builders;
	const ordered = first === 'newest' ? [...builders].reverse() : builders;
	return SURPLUS_ORDER.flatMap((state) => ordered.filter((builder) => builder.state === state));
}
