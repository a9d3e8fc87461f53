import type { QueueStatus } from '../spec/index.js';
import type { LeaseRecord } from './leases/lease-book.js';
import type { WaitingRoom } from './line/waiting-room.js';
import type { Pool } from './pool/pool.js';

/** What a status is made of. */
export interface StatusParts {
	readonly owner: string;
	readonly version: string;
	readonly state: QueueStatus['state'];
	readonly pools: readonly Pool[];
	readonly leases: readonly LeaseRecord[];
	/** First is next. */
	readonly waiting: WaitingRoom['places'];
	readonly now: number;
}

/** The status as others see it. */
export function queueStatus(parts: StatusParts): QueueStatus {
	const { owner, version, state, pools, leases, now } = parts;
	const leaseOf = new Map(leases.map((lease) => [lease.builder.id, lease]));
	return {
		owner,
		version,
		state,
		pools: pools.map(({ settings, policy, explanation }) => ({
			name: settings.name,
			provider: settings.provider.name,
			architecture: settings.architecture,
			...(settings.emulate.length === 0 ? {} : { emulates: settings.emulate }),
			max: policy.max,
			reserve: policy.reserve,
			...(explanation === undefined ? {} : { explanation }),
		})),
		builders: pools.flatMap(({ builders }) =>
			builders.map((builder) => {
				const lease = leaseOf.get(builder.id);
				return { ...builder.summary, buildId: lease?.buildId, user: lease?.user };
			}),
		),
		waiting: parts.waiting.map(({ entry, place }) => {
			const { buildId, user, pool, priority, architecture, since } = entry;
			const waitingMs = Math.max(0, now - since);
			return { buildId, user, pool, priority, architecture, place, waitingMs };
		}),
	};
}
