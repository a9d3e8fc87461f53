import { type LineEntry, PRIORITIES } from './line-entry.js';
import { SortedSet } from './sorted-set.js';

/** A place in line; the first is next. */
export interface LinePlace<E> {
	readonly entry: E;
	/** Whether it waits for a lease of its own user's to end: those are last. */
	readonly reason: 'user-limit' | undefined;
}

/** What {@link lineOrder} looks at. */
export interface LineOrderInput<E extends LineEntry> {
	/** Who was sent ahead, then the others; both by arrival. */
	readonly entries: readonly E[];
	/** How many of them were sent ahead. */
	readonly ahead: number;
	readonly now: number;
	readonly patienceMs: number;
	/** A user's score, how many more leases he may have, and when he got the last. Asked once for each. */
	readonly userOf: (user: string) => {
		readonly score: number;
		readonly free: number;
		readonly lastGrantAt: number;
	};
	/** What one grant makes of a score. */
	readonly charged: (score: number) => number;
}

interface Seat<E> {
	readonly entry: E;
	/** By arrival. */
	readonly index: number;
	readonly user: Guest<E>;
	served: boolean;
	/** The user's next in the class that is served. */
	following: Seat<E> | undefined;
}

interface Guest<E> {
	score: number;
	free: number;
	lastGrantAt: number;
	/** Whose turn it is in the class that is served. */
	first: Seat<E> | undefined;
}

interface OverdueTurn<E> {
	readonly seat: Seat<E>;
	readonly since: number;
}

/** The order in which all would be served by the rules of the line, one grant after the other, if no lease ended. Pure. */
export function lineOrder<E extends LineEntry>(input: LineOrderInput<E>): LinePlace<E>[] {
	const { ahead, now, patienceMs, charged } = input;
	const seats = seatsOf(input);
	const order: LinePlace<E>[] = [];
	const serve = (seat: Seat<E>): void => {
		const { entry, user } = seat;
		if (user.free <= 0) return;
		user.free--;
		user.score = charged(user.score);
		user.lastGrantAt = now;
		seat.served = true;
		order.push({ entry, reason: undefined });
	};
	for (const seat of seats.slice(0, ahead)) serve(seat);
	for (const seat of overdueInTurn(seats.slice(ahead), now, patienceMs)) serve(seat);
	for (const priority of PRIORITIES) {
		const left = seats.filter(({ served, entry }) => !served && entry.priority === priority);
		for (const seat of guestsInTurn(left)) serve(seat);
	}
	for (const { served, entry } of seats) if (!served) order.push({ entry, reason: 'user-limit' });
	return order;
}

function seatsOf<E extends LineEntry>({ entries, userOf }: LineOrderInput<E>): Seat<E>[] {
	const guests = new Map<string, Guest<E>>();
	return entries.map((entry, index) => {
		const known = guests.get(entry.user);
		const user = known ?? { ...userOf(entry.user), first: undefined };
		if (known === undefined) guests.set(entry.user, user);
		return { entry, index, user, served: false, following: undefined };
	});
}

/**
 * One entry of each user in turn who is kept waiting for too long; by arrival. Whom one is told of is served before the
 * next.
 */
function* overdueInTurn<E extends LineEntry>(
	seats: readonly Seat<E>[],
	now: number,
	patienceMs: number,
): Generator<Seat<E>> {
	const [oldest] = seats;
	if (oldest === undefined || now - oldest.entry.since < patienceMs) return;
	const left = new Map<Guest<E>, Seat<E>[]>();
	for (const seat of seats.toReversed()) {
		const list = left.get(seat.user) ?? [];
		left.set(seat.user, list);
		list.push(seat);
	}
	const turns = new SortedSet<OverdueTurn<E>>(byWait);
	const join = (user: Guest<E>): void => {
		const seat = left.get(user)?.at(-1);
		if (seat === undefined || user.free <= 0) return;
		const since = Math.max(seat.entry.since, user.lastGrantAt);
		if (now - since >= patienceMs) turns.add({ seat, since });
	};
	for (const user of left.keys()) join(user);
	for (let turn = turns.first; turn !== undefined; turn = turns.first) {
		turns.delete(turn);
		left.get(turn.seat.user)?.pop();
		yield turn.seat;
		join(turn.seat.user);
	}
}

/** Those of one class, by arrival, in the order of their turns; whom one is told of is served before the next. */
function* guestsInTurn<E>(seats: readonly Seat<E>[]): Generator<Seat<E>> {
	const guests: Guest<E>[] = [];
	for (const seat of seats.toReversed()) {
		const { user } = seat;
		if (user.first === undefined && user.free > 0) guests.push(user);
		seat.following = user.first;
		user.first = seat;
	}
	// Most have their first turn only: they are sorted once, and who has another goes into the set.
	guests.sort(byScore).reverse();
	const again = new SortedSet<Guest<E>>(byScore);
	for (;;) {
		const one = guests.at(-1);
		const other = again.first;
		const guest = one && other && byScore(other, one) < 0 ? other : (one ?? other);
		if (guest?.first === undefined) return;
		if (guest === other) again.delete(guest);
		else guests.pop();
		const seat = guest.first;
		guest.first = seat.following;
		yield seat;
		if (guest.first !== undefined && guest.free > 0) again.add(guest);
	}
}

function byWait(a: OverdueTurn<unknown>, b: OverdueTurn<unknown>): number {
	return a.since - b.since || a.seat.index - b.seat.index;
}

function byScore(a: Guest<unknown>, b: Guest<unknown>): number {
	if (a.score !== b.score) return a.score < b.score ? -1 : 1;
	return (a.first?.index ?? 0) - (b.first?.index ?? 0);
}
