import type { CheckoutPriority } from '../../spec/index.js';
import { byArrival, type LineEntry, PRIORITIES, type Slot, type Wait } from './line-entry.js';
import { SortedSet } from './sorted-set.js';

/** A user's first entry in a class, with the user's score. */
export interface ClassTurn<E extends LineEntry> {
	readonly score: number;
	readonly slot: Slot<E>;
}

/** With what a user stands among the others: nothing while at the limit. */
export interface Standing<E extends LineEntry> {
	readonly ahead?: Slot<E> | undefined;
	/** Of those that were not sent ahead. */
	readonly wait?: Wait<E> | undefined;
	readonly classes: Readonly<Partial<Record<CheckoutPriority, ClassTurn<E> | undefined>>>;
	/** How many could run now. */
	readonly runnable: number;
}

/** One user's part of the line. */
export class LineUser<E extends LineEntry> {
	readonly name: string;
	/** Leases. */
	running = 0;
	/** What the line knows at present. */
	standing: Standing<E> = { classes: {}, runnable: 0 };
	readonly #lanes = new Map<Slot<E>['lane'], SortedSet<Slot<E>>>();
	#waiting = 0;
	/** When something of the user's was served, by the queue's clock: the last, and those that may be taken back. */
	#served: number[] = [];

	constructor(name: string) {
		this.name = name;
	}

	get waiting(): number {
		return this.#waiting;
	}

	/** By the queue's clock; `-Infinity` before the first. */
	get lastGrantAt(): number {
		return this.#served.at(-1) ?? -Infinity;
	}

	/** Something of the user's is served, and runs from now on. */
	serve(at: number): void {
		this.#served = [...this.#served.slice(-this.running), at].sort((a, b) => a - b);
	}

	/** What was served then was not, after all. */
	unserve(at: number): void {
		const index = this.#served.lastIndexOf(at);
		if (index >= 0) this.#served.splice(index, 1);
	}

	add(slot: Slot<E>): void {
		const lane = this.#lanes.get(slot.lane) ?? new SortedSet<Slot<E>>(byArrival);
		this.#lanes.set(slot.lane, lane);
		lane.add(slot);
		this.#waiting++;
	}

	delete(slot: Slot<E>): void {
		this.#lanes.get(slot.lane)?.delete(slot);
		this.#waiting--;
	}

	/** With what the user would stand: `free` more may run. */
	stand(free: number, score: number): Standing<E> {
		if (free <= 0) return { classes: {}, runnable: 0 };
		const classes: Partial<Record<CheckoutPriority, ClassTurn<E>>> = {};
		let oldest: Slot<E> | undefined;
		for (const priority of PRIORITIES) {
			const slot = this.#lanes.get(priority)?.first;
			if (slot === undefined) continue;
			if (oldest === undefined || byArrival(slot, oldest) < 0) oldest = slot;
			const before = this.standing.classes[priority];
			classes[priority] = before?.slot === slot && before.score === score ? before : { slot, score };
		}
		const ahead = this.#lanes.get('ahead')?.first;
		return { ahead, wait: this.#waitOf(oldest), classes, runnable: Math.min(free, this.#waiting) };
	}

	#waitOf(slot: Slot<E> | undefined): Wait<E> | undefined {
		if (slot === undefined) return undefined;
		const since = Math.max(slot.entry.since, this.lastGrantAt);
		const before = this.standing.wait;
		return before?.slot === slot && before.since === since ? before : { slot, since };
	}
}
