import type { PoolBuilderState } from '../spec/index.js';
import type { ActivePolicy } from './active-policy.js';

/** A builder as the policy sees it. */
export interface PoolSnapshotBuilder {
	readonly id: string;
	readonly state: PoolBuilderState;
	/** Milliseconds since it was asked for. */
	readonly ageMs: number;
	/** Too old to be handed out. */
	readonly expired: boolean;
	/** Its image is no longer the current one: to be replaced, but good to be handed out until then. */
	readonly outdated: boolean;
}

/** A pool at one moment: all that the policy knows. */
export interface PoolSnapshot {
	readonly policy: ActivePolicy;
	/** Checkouts in line that have no builder yet and would get one if there were. */
	readonly waiting: number;
	/** In the order of their making. */
	readonly builders: readonly PoolSnapshotBuilder[];
	/** Failures in a row, of the provider or of machines; refusals for quota are not among them. */
	readonly failures: number;
	/** Whether the pause after the last failure or refusal is still on. */
	readonly pausing: boolean;
	/** Milliseconds until that pause ends, for the account. */
	readonly pauseMs?: number | undefined;
	/** Whether that pause holds for waiting checkouts too, or for the reserve only. */
	readonly pausesCheckouts: boolean;
	/** How many more the provider says fit now; undefined where it does not say. */
	readonly headroom?: number | undefined;
	/** The provider refused for quota, and nothing was freed since. */
	readonly quotaBlocked: boolean;
	/** When machines were begun, oldest first, by the clock of `nowMs`. Those outside the window of the rate do no harm. */
	readonly creates: readonly number[];
	/** Monotonic. */
	readonly nowMs: number;
	/** The pool is closing. */
	readonly draining: boolean;
}

/** Why a builder is made. `rotation`: in place of one that is too old or has an old image. */
export type PoolCreateReason = 'checkout' | 'reserve' | 'rotation';

/** Why the policy gives a builder up. */
export type PoolDestroyReason = 'failed' | 'expired' | 'outdated' | 'surplus' | 'closing' | 'disabled';
