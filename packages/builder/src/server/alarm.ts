import type { Clock } from '@olcf/container-builder-core';

/** Timers of the runtime count in 32 bits; what is due later is armed again on the way. */
const LONGEST_MS = 2 ** 30;

/** One moment of a clock at which something happens, and that can be moved. */
export class Alarm {
	readonly #clock: Clock;
	readonly #callback: () => void;
	#cancel: (() => void) | undefined;
	#dueAt: number | undefined;

	constructor(clock: Clock, callback: () => void) {
		this.#clock = clock;
		this.#callback = callback;
	}

	/** Milliseconds until it rings; undefined where it is not set. */
	get remainingMs(): number | undefined {
		return this.#dueAt === undefined ? undefined : Math.max(0, this.#dueAt - this.#clock.now());
	}

	/** Sets it to `delayMs` from now, whatever it was set to before. */
	set(delayMs: number): void {
		this.clear();
		this.#dueAt = this.#clock.now() + delayMs;
		this.#arm(this.#dueAt);
	}

	/** Idempotent. */
	clear(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		this.#dueAt = undefined;
	}

	#arm(dueAt: number): void {
		const left = Math.max(0, dueAt - this.#clock.now());
		this.#cancel = this.#clock.schedule(
			() => {
				if (this.#clock.now() < dueAt) return this.#arm(dueAt);
				this.clear();
				this.#callback();
			},
			Math.min(left, LONGEST_MS),
		);
	}
}
