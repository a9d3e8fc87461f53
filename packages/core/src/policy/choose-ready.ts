import type { ActivePolicy } from './active-policy.js';
import { isOutdated } from './is-outdated.js';
import type { PoolSnapshotBuilder } from './pool-snapshot.js';

/**
 * The builder to hand out next: the oldest that is ready; one that is to be replaced only where there is no other.
 * Undefined where none can be handed out. `builders` are in the order of their making.
 */
export function chooseReady<Builder extends PoolSnapshotBuilder>(
	builders: Iterable<Builder>,
	policy: Pick<ActivePolicy, 'maxReserveAgeMs'>,
): Builder | undefined {
	let stopgap: Builder | undefined;
	for (const builder of builders) {
		if (builder.state !== 'ready' || builder.expired) continue;
		if (!isOutdated(builder, policy)) return builder;
		stopgap ??= builder;
	}
	return stopgap;
}
