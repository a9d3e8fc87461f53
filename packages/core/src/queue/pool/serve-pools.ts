import { ContainerBuilderError } from '../../spec/index.js';
import { placeNews } from '../line/place-news.js';
import type { QueueParts } from '../queue-parts.js';
import type { Pool } from './pool.js';

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
	const { name } = pool.settings;
	while (room.wanted(name) > 0) {
		const builder = pool.firstReady();
		if (builder === undefined) return;
		const entry = room.call(name);
		if (entry === undefined) return;
		desk.hand(builder, entry).catch((caught: unknown) => {
			const error = ContainerBuilderError.from(caught, 'builder-lost');
			pool.health.failed(error, builder.askedAt);
			builder.fail(error);
		});
	}
}
