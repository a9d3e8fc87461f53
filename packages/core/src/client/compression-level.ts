/** Of gzip, from stored bytes to as small as is worth it. */
const LEVELS = [0, 1, 4, 6] as const;
/** Frames after which it is looked at again. */
const FRAMES = 8;
/** The link waits for us where it is busy for a smaller share of the time, and we for it where for a larger. */
const WAITS = 0.6;
const IS_WAITED_FOR = 0.95;

/**
 * How hard to compress: harder while the link is what takes the time, less while compressing is. So a slow link carries
 * little, and a fast one is not kept waiting, whatever the data is like.
 */
export class CompressionLevel {
	#at = 1;
	#frames = 0;
	#last: { readonly now: number; readonly busyMs: number } | undefined;

	/** The level of gzip, 0 to 9. */
	get now(): number {
		return LEVELS[this.#at] ?? 1;
	}

	/** Takes note of a further frame. `now` and `busyMs`, the time so far that the link was busy, are in milliseconds. */
	note(now: number, busyMs: number): void {
		this.#last ??= { now, busyMs };
		if (++this.#frames % FRAMES !== 0) return;
		const share = (busyMs - this.#last.busyMs) / Math.max(now - this.#last.now, 1);
		this.#last = { now, busyMs };
		if (share > IS_WAITED_FOR) this.#at = Math.min(this.#at + 1, LEVELS.length - 1);
		else if (share < WAITS) this.#at = Math.max(this.#at - 1, 0);
	}
}
