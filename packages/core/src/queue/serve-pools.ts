import { ContainerBuilderError } from '../spec/index.js';
import { placeNews } from './place-news.js';
import type { Pool } from './pool.js';
import type { QueueParts } from './queue-parts.js';

/** Hands ready builders to those whose turn it is, and lets the others know how things stand. */
export function servePools(
	parts: Pick<QueueParts, 'pools' | 'room' | 'desk' | 'clock'>,
	{ handsOut }: { readonly handsOut: boolean },
): void {
	const { pools, room, desk, clock } = parts;
	for (const pool of pools.pools) {
		if (handsOut) handOut(pool, parts);
		const fleet = pools.fleetOf(pool);
		const news = placeNews({
			pool,
			leases: desk.leases,
			started: fleet?.started ?? false,
			startError: fleet?.startError,
			clock,
		});
		room.tell(pool.settings.name, news);
	}
}

function handOut(pool: Pool, { room, desk }: Pick<QueueParts, 'room' | 'desk'>): void {
	for (let builder = pool.firstReady(); builder !== undefined; builder = pool.firstReady()) {
		const entry = room.call(pool.settings.name);
		if (entry === undefined) return;
		const handed = builder;
		desk.hand(handed, entry).catch((caught: unknown) => {
			const error = ContainerBuilderError.from(caught, 'builder-lost');
			pool.health.failed(error, handed.askedAt);
			handed.fail(error);
		});
	}
}
