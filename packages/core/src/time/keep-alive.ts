/** The longest delay that a timer takes. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive while somebody waits for something that only timers of a {@link Clock}, which do not,
 * may bring about. Counts its holders.
 */
export class KeepAlive {
	#holders = 0;
	#timer: NodeJS.Timeout | undefined;

	/** Returns the function that lets go; calling it twice does nothing. */
	hold(): () => void {
		this.#holders++;
		this.#timer ??= setInterval(() => {}, LONGEST_DELAY_MS);
		let held = true;
		return () => {
			if (!held) return;
			held = false;
			this.#holders--;
			if (this.#holders > 0) return;
			clearInterval(this.#timer);
			this.#timer = undefined;
		};
	}
}
