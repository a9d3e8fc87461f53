import type { FairShare } from './fair-share.js';
import { byArrival, byWait, type LineEntry, PRIORITIES, type Slot, type Wait } from './line-entry.js';
import { type LinePlace, lineOrder } from './line-order.js';
import { type ClassTurn, LineUser } from './line-user.js';
import { SortedSet } from './sorted-set.js';

/** How much one user may have at a time. */
export interface UserLimits {
	/** Most leases. @default no limit */
	readonly running?: number | undefined;
	/** Most checkouts in line. @default no limit */
	readonly waiting?: number | undefined;
}

/** Options of {@link FairLine}. */
export interface FairLineOptions {
	readonly share: FairShare;
	/** A user of whose entries none was served for so many milliseconds is overdue. `Infinity`: nobody ever is. */
	readonly patienceMs: number;
	/** Asked at each change that concerns the user; tell {@link FairLine.limitsChanged} when it would answer otherwise. */
	readonly limitsOf: (user: string) => UserLimits;
	/** How many milliseconds a lease is expected to last: what a grant charges until it is settled. */
	readonly expectedMs: () => number;
}

/**
 * Who waits, and whose turn it is. Of those whose user may have another lease: who was sent ahead; then the first of a
 * user who is overdue, who has been kept waiting longest; then the highest class, in it the user who has used least
 * lately, and of that user's entries the first come. An entry is itself its identity. Each change costs the logarithm
 * of the length. Nobody starves: a user is served after at most one entry of each user who is overdue for longer.
 */
export class FairLine<E extends LineEntry> {
	readonly #options: FairLineOptions;
	readonly #slots = new Map<E, Slot<E>>();
	readonly #users = new Map<string, LineUser<E>>();
	// One item a user, and of those users only who may run: a user at the limit costs nothing.
	readonly #ahead = new SortedSet<Slot<E>>(byArrival);
	readonly #waits = new SortedSet<Wait<E>>(byWait);
	readonly #classes = {
		high: new SortedSet<ClassTurn<E>>(byScore),
		normal: new SortedSet<ClassTurn<E>>(byScore),
		low: new SortedSet<ClassTurn<E>>(byScore),
	};
	#joined = 0;
	#runnable = 0;

	constructor(options: FairLineOptions) {
		this.#options = options;
	}

	get length(): number {
		return this.#slots.size;
	}

	/** How many could run at once if there were builders enough: those whom no limit holds back. */
	get runnable(): number {
		return this.#runnable;
	}

	/** Those that were sent ahead, then the others, both by arrival. */
	get entries(): readonly E[] {
		return this.#sorted().map(({ entry }) => entry);
	}

	/** The same, apart. */
	split(): { readonly ahead: readonly E[]; readonly behind: readonly E[] } {
		const slots = this.#sorted();
		const of = (ahead: boolean): E[] =>
			slots.flatMap(({ lane, entry }) => ((lane === 'ahead') === ahead ? [entry] : []));
		return { ahead: of(true), behind: of(false) };
	}

	waitingOf(user: string): number {
		return this.#users.get(user)?.waiting ?? 0;
	}

	runningOf(user: string): number {
		return this.#users.get(user)?.running ?? 0;
	}

	/** Throws TypeError where it is in line already. */
	join(entry: E): void {
		this.#join(entry, entry.priority);
	}

	/** Ahead of everybody who was not sent ahead: whoever had a builder does not wait again. Among these, by arrival. */
	joinAhead(entry: E): void {
		this.#join(entry, 'ahead');
	}

	/** Whether it was there. */
	leave(entry: E): boolean {
		const slot = this.#slots.get(entry);
		const user = this.#users.get(entry.user);
		if (slot === undefined || user === undefined) return false;
		this.#slots.delete(entry);
		user.delete(slot);
		this.#refresh(user);
		return true;
	}

	/** Whose turn it is; undefined where nobody is who may run. */
	peek(now: number): E | undefined {
		return this.#first(now)?.entry;
	}

	/** The same, and it leaves. */
	next(now: number): E | undefined {
		const entry = this.peek(now);
		if (entry !== undefined) this.leave(entry);
		return entry;
	}

	/**
	 * A lease of the user's begins. Charges what it is expected to last, and returns that.
	 *
	 * @param chargeMs other than expected: 0 for a lease that was charged in an earlier life of the queue
	 */
	granted(user: string, now: number, chargeMs = this.#options.expectedMs()): number {
		const granted = this.#user(user);
		granted.running++;
		granted.serve(now);
		this.#options.share.charge(user, chargeMs, now);
		this.#refresh(granted);
		return chargeMs;
	}

	/** So many leases more, or less, of the user's run elsewhere: they count, but were not served here. */
	runElsewhere(user: string, change: number): void {
		const known = this.#user(user);
		known.running = Math.max(0, known.running + change);
		this.#refresh(known);
	}

	/** A lease of the user's that was to begin at `at` has come to nothing: it is as if it had never been granted. */
	takenBack(user: string, chargedMs: number, at: number): void {
		const known = this.#user(user);
		known.running = Math.max(0, known.running - 1);
		known.unserve(at);
		this.#options.share.charge(user, -chargedMs, at);
		this.#refresh(known);
	}

	/** It has ended after `actualMs`. */
	ended(user: string, actualMs: number, chargedMs: number, now: number): void {
		const ended = this.#user(user);
		ended.running = Math.max(0, ended.running - 1);
		this.#options.share.settle(user, actualMs, chargedMs, now);
		this.#refresh(ended);
	}

	/** When something of each user's was last served, by the queue's clock; of users who wait or have leases. */
	get served(): ReadonlyMap<string, number> {
		return new Map([...this.#users].map(([name, { lastGrantAt }]) => [name, lastGrantAt]));
	}

	/** It was served then, by the line that was there before this one. Nothing for users who neither wait nor have leases. */
	wasServed(user: string, at: number): void {
		const known = this.#users.get(user);
		if (known === undefined || at === -Infinity) return;
		known.serve(at);
		this.#refresh(known);
	}

	/** Takes note that limits, or shares, are others now. */
	limitsChanged(): void {
		for (const user of this.#users.values()) this.#refresh(user);
	}

	/** All in the order in which they would be served if no lease ended and nobody came. */
	order(now: number): readonly LinePlace<E>[] {
		const { share, patienceMs } = this.#options;
		const expectedMs = this.#options.expectedMs();
		const slots = this.#sorted();
		return lineOrder({
			entries: slots.map(({ entry }) => entry),
			ahead: slots.filter(({ lane }) => lane === 'ahead').length,
			now,
			patienceMs,
			userOf: (name) => {
				const user = this.#user(name);
				return { score: share.score(name), free: this.#free(user), lastGrantAt: user.lastGrantAt };
			},
			charged: (score) => share.charged(score, expectedMs, now),
		});
	}

	#join(entry: E, lane: Slot<E>['lane']): void {
		if (this.#slots.has(entry)) throw new TypeError('the entry is in line already');
		const slot: Slot<E> = { entry, lane, number: this.#joined++ };
		const user = this.#user(entry.user);
		this.#slots.set(entry, slot);
		user.add(slot);
		this.#refresh(user);
	}

	#first(now: number): Slot<E> | undefined {
		const ahead = this.#ahead.first;
		if (ahead !== undefined) return ahead;
		const longest = this.#waits.first;
		if (longest === undefined) return undefined;
		if (now - longest.since >= this.#options.patienceMs) return longest.slot;
		for (const priority of PRIORITIES) {
			const turn = this.#classes[priority].first;
			if (turn !== undefined) return turn.slot;
		}
		return undefined;
	}

	#user(name: string): LineUser<E> {
		const known = this.#users.get(name);
		if (known !== undefined) return known;
		const user = new LineUser<E>(name);
		this.#users.set(name, user);
		return user;
	}

	#free({ name, running }: LineUser<E>): number {
		return (this.#options.limitsOf(name).running ?? Infinity) - running;
	}

	/** Lets the user stand where a change has brought him. */
	#refresh(user: LineUser<E>): void {
		const before = user.standing;
		const after = user.stand(this.#free(user), this.#options.share.score(user.name));
		exchange(this.#ahead, before.ahead, after.ahead);
		exchange(this.#waits, before.wait, after.wait);
		for (const priority of PRIORITIES) {
			exchange(this.#classes[priority], before.classes[priority], after.classes[priority]);
		}
		this.#runnable += after.runnable - before.runnable;
		user.standing = after;
		if (user.waiting === 0 && user.running === 0) this.#users.delete(user.name);
	}

	#sorted(): Slot<E>[] {
		const behind = ({ lane }: Slot<E>): number => (lane === 'ahead' ? 0 : 1);
		return [...this.#slots.values()].sort((a, b) => behind(a) - behind(b) || byArrival(a, b));
	}
}

function byScore(a: ClassTurn<LineEntry>, b: ClassTurn<LineEntry>): number {
	if (a.score !== b.score) return a.score < b.score ? -1 : 1;
	return byArrival(a.slot, b.slot);
}

function exchange<T>(set: SortedSet<T>, before: T | undefined, after: T | undefined): void {
	if (before === after) return;
	if (before !== undefined) set.delete(before);
	if (after !== undefined) set.add(after);
}
