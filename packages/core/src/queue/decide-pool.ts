import type { PoolBuilderState } from '../spec/index.js';

/** A pool at one moment: all that the policy knows. */
export interface PoolSnapshot {
	/** Most builders that may exist at a time, in whatever state. */
	readonly max: number;
	/** Builders to have ready beyond those that are waited for. */
	readonly reserve: number;
	/** Most machines being created at a time. */
	readonly createConcurrency: number;
	/** Checkouts in line that have no builder yet. */
	readonly waiting: number;
	/** Failures of the provider in a row. */
	readonly failures: number;
	/** Whether the pause after the last failure is still on. */
	readonly pausing: boolean;
	/** Whether that pause holds for waiting checkouts too, or for the reserve only. */
	readonly pausesCheckouts: boolean;
	/** The pool is closing. */
	readonly draining: boolean;
	/** In the order of their making. */
	readonly builders: readonly {
		readonly id: string;
		readonly state: PoolBuilderState;
		/** Too old to be handed out. */
		readonly expired: boolean;
	}[];
}

/** What to do about it. */
export interface PoolDecision {
	/** How many builders to make now. */
	readonly create: number;
	/** What for: for events and logs. */
	readonly createReason: 'checkout' | 'reserve';
	readonly destroy: readonly { readonly id: string; readonly reason: PoolDestroyReason }[];
}

/** Why the policy gives a builder up. */
type PoolDestroyReason = 'failed' | 'expired' | 'surplus' | 'closing';

/** The least ready first: what has cost least is given up first. */
const SURPLUS_ORDER: readonly PoolBuilderState[] = ['creating', 'booting', 'ready'];

/** Decides how many builders to make and which to destroy. Pure. */
export function decidePool(snapshot: PoolSnapshot): PoolDecision {
	const { builders, waiting, reserve } = snapshot;
	const destroy: { id: string; reason: PoolDestroyReason }[] = [];
	const usable: { id: string; state: PoolBuilderState }[] = [];
	for (const { id, state, expired } of builders) {
		if (state === 'destroying' || state === 'gone') continue;
		if (snapshot.draining) destroy.push({ id, reason: 'closing' });
		else if (state === 'failed') destroy.push({ id, reason: 'failed' });
		else if (state === 'leased') continue;
		else if (expired) destroy.push({ id, reason: 'expired' });
		else usable.push({ id, state });
	}
	if (snapshot.draining) return { create: 0, createReason: 'reserve', destroy };

	const surplus = Math.max(0, usable.length - waiting - reserve);
	const candidates = SURPLUS_ORDER.flatMap((state) =>
		usable.filter((builder) => builder.state === state).reverse(),
	);
	for (const { id } of candidates.slice(0, surplus)) destroy.push({ id, reason: 'surplus' });

	const create = howManyToCreate(snapshot, usable.length);
	return { create, createReason: usable.length < waiting ? 'checkout' : 'reserve', destroy };
}

function howManyToCreate(snapshot: PoolSnapshot, usable: number): number {
	const { waiting, pausing, pausesCheckouts, builders } = snapshot;
	const wanted = pausing ? (pausesCheckouts ? 0 : waiting) : waiting + snapshot.reserve;
	const existing = builders.filter(({ state }) => state !== 'gone').length;
	const creating = builders.filter(({ state }) => state === 'creating').length;
	// While the provider fails, one attempt at a time finds out whether it still does.
	const starting = builders.filter(({ state }) => state === 'creating' || state === 'booting').length;
	const atOnce = snapshot.failures > 0 ? 1 - starting : snapshot.createConcurrency - creating;
	return Math.max(0, Math.min(wanted - usable, snapshot.max - existing, atOnce));
}
