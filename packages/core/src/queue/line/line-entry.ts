import type { CheckoutPriority } from '../../spec/index.js';

/** What the line goes by of one who waits. It must not change while he is in line. */
export interface LineEntry {
	readonly user: string;
	readonly priority: CheckoutPriority;
	/** Since when it waits, by the queue's clock. */
	readonly since: number;
}

/** The classes, first served first. */
export const PRIORITIES: readonly CheckoutPriority[] = ['high', 'normal', 'low'];

/** An entry in line. */
export interface Slot<E extends LineEntry> {
	readonly entry: E;
	readonly lane: 'ahead' | CheckoutPriority;
	/** Counts those that joined. */
	readonly number: number;
}

/** First come first: by the time since when they wait, then by their joining. */
export function byArrival(a: Slot<LineEntry>, b: Slot<LineEntry>): number {
	return a.entry.since - b.entry.since || a.number - b.number;
}

/** A user's first entry behind, and since when nothing of the user's was served. */
export interface Wait<E extends LineEntry> {
	readonly slot: Slot<E>;
	readonly since: number;
}

/** Who has been kept waiting longest first. */
export function byWait(a: Wait<LineEntry>, b: Wait<LineEntry>): number {
	return a.since - b.since || byArrival(a.slot, b.slot);
}
