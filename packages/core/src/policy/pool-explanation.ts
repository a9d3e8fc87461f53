import type { PoolBuilderState } from '../spec/index.js';
import type { PoolCreateReason, PoolDestroyReason } from './pool-snapshot.js';

/** Something that keeps builders from being made. */
export interface PoolHold {
	/**
	 * - `draining`, `disabled`: nothing is made any more
	 * - `max`: so many builders exist already, those being destroyed among them
	 * - `quota`: the provider has no room
	 * - `pausing`: the pause after a failure is on
	 * - `provider-failing`: after a failure one at a time is tried
	 * - `rate`, `concurrency`: enough are being made for now
	 */
	readonly by:
		| 'draining'
		| 'disabled'
		| 'max'
		| 'quota'
		| 'pausing'
		| 'provider-failing'
		| 'rate'
		| 'concurrency';
	/** Builders that are not made for this reason. */
	readonly missing: number;
	/** Milliseconds from now on until it lets go of the next one, where that can be told. */
	readonly untilMs?: number | undefined;
}

/** Why the policy decided as it did. Plain data, for `cb-status --explain`. */
export interface PoolExplanation {
	/** Builders to have: for checkouts in line, and in reserve beyond them. */
	readonly wanted: { readonly waiting: number; readonly reserve: number };
	/** Builders by their states. */
	readonly have: Readonly<Record<Exclude<PoolBuilderState, 'gone'>, number>>;
	/** How many of those that nobody has yet are to be replaced. */
	readonly outdated: number;
	readonly create: number;
	readonly createReason: PoolCreateReason;
	readonly destroy: readonly { readonly id: string; readonly reason: PoolDestroyReason }[];
	/** What is wanted and not made now, by what holds it: what lasts longest comes first. */
	readonly heldBy: readonly PoolHold[];
}
