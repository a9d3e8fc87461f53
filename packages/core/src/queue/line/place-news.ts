import type { CheckoutEvent, Clock, ContainerBuilderError } from '../../spec/index.js';
import type { LeaseBook } from '../leases/lease-book.js';
import type { Pool } from '../pool/pool.js';
import { estimateWait } from './estimate-wait.js';
import { waitReason } from './wait-reason.js';

/** What is told to who waits at a place. */
export type PlaceNews = Omit<Extract<CheckoutEvent, { type: 'place' }>, 'type' | 'place'>;

/** What {@link placeNews} looks at. */
export interface PlaceNewsInput {
	readonly pool: Pool;
	readonly leases: LeaseBook;
	readonly started: boolean;
	readonly startError: ContainerBuilderError | undefined;
	readonly clock: Clock;
}

/** What can be told, as a function of the place in line. It looks at the pool when it is called first, and then no more. */
export function placeNews(input: PlaceNewsInput): (place: number) => PlaceNews {
	let newsAt: ((place: number) => PlaceNews) | undefined;
	return (place) => {
		newsAt ??= presentNews(input);
		return newsAt(place);
	};
}

function presentNews(input: PlaceNewsInput): (place: number) => PlaceNews {
	const { pool, leases, started, startError, clock } = input;
	const now = clock.now();
	const { health, bootMs, isFull } = pool;
	const coming = pool.coming;
	const room = isFull ? 0 : pool.policy.max - pool.builders.length;
	const starting = coming.map(({ progress }) => progress);
	const startingAges = coming.map(({ askedAt }) => now - askedAt);
	const leased = leases.active.filter(({ builder }) => pool.find(builder.id) !== undefined);
	const leaseAges = leased.map(({ since }) => now - since).sort((a, b) => b - a);
	const leaseMs = leases.averageMs;
	return (place) => {
		const { failures } = health.history;
		const { error } = health;
		const { reason, detail } = waitReason({
			...{ place, started, startError, failures, error, starting, room, isFull },
		});
		const estimateMs = estimateWait({ place, startingAges, room, leaseAges, bootMs, leaseMs });
		return { reason, detail, starting: starting.length, busy: leased.length, estimateMs };
	};
}
