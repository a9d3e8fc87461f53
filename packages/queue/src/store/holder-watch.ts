import type { HoldRecord } from './hold-record.js';

/**
 * How long a holder has been silent, by the clock of who waits. Of the time between two looks only `mostMs` count:
 * after the whole machine stood still, the holder gets his chance to be heard first.
 */
export class HolderWatch {
	readonly #mostMs: number;
	#seen: Pick<HoldRecord, 'fence' | 'beat'> | undefined;
	#lookedAt = 0;
	#silentMs = 0;

	constructor(mostMs: number) {
		this.#mostMs = mostMs;
	}

	/** Milliseconds since a beat was first seen, at `now` of a monotonic clock. */
	look(record: Pick<HoldRecord, 'fence' | 'beat'>, now: number): number {
		if (this.#seen?.fence === record.fence && this.#seen.beat === record.beat) {
			this.#silentMs += Math.min(now - this.#lookedAt, this.#mostMs);
		} else {
			this.#seen = record;
			this.#silentMs = 0;
		}
		this.#lookedAt = now;
		return this.#silentMs;
	}
}
