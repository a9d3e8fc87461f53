import { isOutdated } from './is-outdated.js';
import type { PoolExplanation } from './pool-explanation.js';
import type { PoolSnapshot, PoolSnapshotBuilder } from './pool-snapshot.js';

/** The builders of a pool, sorted by what they are good for. */
export interface PoolCensus {
	readonly have: PoolExplanation['have'];
	/** All that take up room. */
	readonly existing: number;
	/** Being made or ready, and to be kept if there is a use for them. */
	readonly fresh: readonly PoolSnapshotBuilder[];
	/** Being made or ready, and to be replaced. */
	readonly old: readonly PoolSnapshotBuilder[];
	/** Of no use to anybody. */
	readonly useless: readonly { readonly id: string; readonly reason: 'failed' | 'expired' }[];
}

/** Looks at each builder once. */
export function takeCensus({ builders, policy }: Pick<PoolSnapshot, 'builders' | 'policy'>): PoolCensus {
	const have = {
		creating: 0,
		booting: 0,
		ready: 0,
		leased: 0,
		failed: 0,
		destroying: 0,
	};
	const fresh: PoolSnapshotBuilder[] = [];
	const old: PoolSnapshotBuilder[] = [];
	const useless: { id: string; reason: 'failed' | 'expired' }[] = [];
	let existing = 0;
	for (const builder of builders) {
		const { id, state } = builder;
		if (state === 'gone') continue;
		existing++;
		have[state]++;
		if (state === 'leased' || state === 'destroying') continue;
		if (state === 'failed') useless.push({ id, reason: 'failed' });
		else if (builder.expired) useless.push({ id, reason: 'expired' });
		else if (isOutdated(builder, policy)) old.push(builder);
		else fresh.push(builder);
	}
	return { have, existing, fresh, old, useless };
}

/** How many of `builders` are ready. */
export function countReady(builders: readonly PoolSnapshotBuilder[]): number {
	let ready = 0;
	for (const { state } of builders) if (state === 'ready') ready++;
	return ready;
}
