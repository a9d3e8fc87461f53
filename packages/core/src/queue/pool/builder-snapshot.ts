import type { PoolSnapshotBuilder } from '../../policy/pool-snapshot.js';
import type { PooledBuilder } from './pooled-builder.js';

/** What a snapshot goes by, beside the builder. */
export interface SnapshotMoment {
	/** By the queue's clock. */
	readonly now: number;
	/** For how long after it was asked for a builder may be handed out. */
	readonly usableMs: number;
	/** What new machines boot; undefined where nobody knows. */
	readonly currentImage: string | undefined;
}

/** A builder as the policy sees it. */
export function builderSnapshot(
	{ id, state, askedAt, imageId }: Pick<PooledBuilder, 'id' | 'state' | 'askedAt' | 'imageId'>,
	{ now, usableMs, currentImage }: SnapshotMoment,
): PoolSnapshotBuilder {
	const ageMs = now - askedAt;
	const outdated = currentImage !== undefined && imageId !== undefined && imageId !== currentImage;
	return { id, state, ageMs, expired: ageMs >= usableMs, outdated };
}
