import type { Clock, ContainerBuilderError } from '../spec/index.js';
import { backoffMs } from './backoff.js';

const FAILURE_PAUSES = { firstMs: 1_000, maxMs: 60_000 };

/** How the provider has been doing, and until when it is left alone. */
export class ProviderHealth {
	readonly #clock: Clock;
	readonly #onPauseEnd: () => void;
	#failures = 0;
	#last: ContainerBuilderError | undefined;
	#pausedUntil = 0;
	#cancelTimer = (): void => {};

	constructor(clock: Clock, onPauseEnd: () => void) {
		this.#clock = clock;
		this.#onPauseEnd = onPauseEnd;
	}

	/** In a row. */
	get failures(): number {
		return this.#failures;
	}

	/** What it failed with last; undefined while it does well. */
	get error(): ContainerBuilderError | undefined {
		return this.#last;
	}

	get pausing(): boolean {
		return this.#clock.now() < this.#pausedUntil;
	}

	/** An error that time does not mend fails the waiting checkouts at once; a new one is worth a new try. */
	get pausesCheckouts(): boolean {
		return this.#last?.retryable !== false;
	}

	/** Begins the next, longer pause. */
	failed(error: ContainerBuilderError): void {
		this.#failures++;
		this.#last = error;
		const delayMs = error.retryable ? backoffMs(this.#failures, FAILURE_PAUSES) : FAILURE_PAUSES.maxMs;
		this.#pausedUntil = this.#clock.now() + delayMs;
		this.#cancelTimer();
		this.#cancelTimer = this.#clock.schedule(this.#onPauseEnd, delayMs);
	}

	succeeded(): void {
		this.#failures = 0;
		this.#last = undefined;
		this.#pausedUntil = 0;
		this.#cancelTimer();
	}

	/** A machine is gone: where there was no room, there may be some now. */
	roomFreed(): void {
		if (this.#last?.code !== 'provider-quota') return;
		this.#pausedUntil = 0;
		this.#cancelTimer();
	}

	close(): void {
		this.#cancelTimer();
	}
}
