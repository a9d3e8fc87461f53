/**
 * How a pool is run, as pure functions: what a queue decides by, for simulations and for programs that show why.
 *
 * @packageDocumentation
 */
export { type ActivePolicy, activePolicy } from './active-policy.js';
export { checkPolicy } from './check-policy.js';
export { chooseReady } from './choose-ready.js';
export { decidePool, type PoolDecision } from './decide-pool.js';
export { explainPool } from './explain-pool.js';
export {
	type LaunchFailure,
	type LaunchHistory,
	launchesExhausted,
	launchFailed,
	launchSnapshot,
	launchSucceeded,
	NO_LAUNCHES,
	roomFreed,
} from './launch-history.js';
export { nextPolicyChange } from './next-policy-change.js';
export type { PoolExplanation, PoolHold } from './pool-explanation.js';
export type { CreateRate, PolicyPeriod, PoolPolicy, Weekday } from './pool-policy.js';
export type {
	PoolCreateReason,
	PoolDestroyReason,
	PoolSnapshot,
	PoolSnapshotBuilder,
} from './pool-snapshot.js';
export { usableMs } from './usable-ms.js';
