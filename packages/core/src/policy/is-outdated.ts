import type { ActivePolicy } from './active-policy.js';
import type { PoolSnapshotBuilder } from './pool-snapshot.js';

/** Whether a builder that nobody has yet is to be replaced. */
export function isOutdated(
	{ outdated, state, ageMs }: PoolSnapshotBuilder,
	{ maxReserveAgeMs = Number.POSITIVE_INFINITY }: Pick<ActivePolicy, 'maxReserveAgeMs'>,
): boolean {
	return outdated || (state === 'ready' && ageMs >= maxReserveAgeMs);
}
