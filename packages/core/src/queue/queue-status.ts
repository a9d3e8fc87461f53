import type { QueueStatus } from '../spec/index.js';
import type { PoolSettings } from './builder-queue-options.js';
import type { LeaseRecord } from './lease-book.js';
import type { PooledBuilder } from './pooled-builder.js';
import type { WaitingBuild } from './waiting-build.js';

/** What a status is made of. */
export interface StatusParts {
	readonly owner: string;
	readonly version: string;
	readonly state: QueueStatus['state'];
	readonly provider: string;
	readonly pool: PoolSettings;
	readonly builders: readonly PooledBuilder[];
	readonly leases: readonly LeaseRecord[];
	/** First is next. */
	readonly waiting: readonly WaitingBuild[];
	readonly now: number;
}

/** The status as others see it. */
export function queueStatus(parts: StatusParts): QueueStatus {
	const { owner, version, state, provider, pool, leases, now } = parts;
	const leaseOf = new Map(leases.map((lease) => [lease.builder.id, lease]));
	return {
		owner,
		version,
		state,
		pools: [
			{
				name: pool.name,
				provider,
				architecture: pool.architecture,
				max: pool.max,
				reserve: pool.reserve,
			},
		],
		builders: parts.builders.map((builder) => {
			const lease = leaseOf.get(builder.id);
			return { ...builder.summary, buildId: lease?.buildId, user: lease?.user };
		}),
		waiting: parts.waiting.map(({ buildId, user, priority, since }, index) => ({
			buildId,
			user,
			architecture: pool.architecture,
			priority,
			place: index + 1,
			waitingMs: Math.max(0, now - since),
		})),
	};
}
