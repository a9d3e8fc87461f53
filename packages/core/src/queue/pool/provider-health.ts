import {
	type LaunchHistory,
	launchFailed,
	launchSnapshot,
	launchSucceeded,
	NO_LAUNCHES,
	roomFreed,
} from '../../policy/launch-history.js';
import type { Clock, ContainerBuilderError } from '../../spec/index.js';
import { retryAfterMs } from './retry-after.js';

/** How the provider has been doing, and until when it is left alone. */
export class ProviderHealth {
	readonly #clock: Clock;
	readonly #onPauseEnd: () => void;
	#history: LaunchHistory = NO_LAUNCHES;
	#last: ContainerBuilderError | undefined;
	#cancelTimer = (): void => {};

	constructor(clock: Clock, onPauseEnd: () => void) {
		this.#clock = clock;
		this.#onPauseEnd = onPauseEnd;
	}

	/** In a row, refusals for quota among them. */
	get failures(): number {
		return this.#history.failures + this.#history.refusals;
	}

	/** What it failed with last; undefined while it does well. */
	get error(): ContainerBuilderError | undefined {
		return this.#last;
	}

	get history(): LaunchHistory {
		return this.#history;
	}

	/** For the policy. */
	get snapshot(): ReturnType<typeof launchSnapshot> {
		return launchSnapshot(this.#history, this.#clock.now());
	}

	/** A builder that was asked for at `askedAtMs` has failed: begins the next, longer pause. */
	failed(error: ContainerBuilderError, askedAtMs: number): void {
		const { code, retryable } = error;
		const failure = { code, retryable, askedAtMs, retryAfterMs: retryAfterMs(error) };
		this.#set(launchFailed(this.#history, failure, this.#clock.now()));
		if (this.failures > 0) this.#last = error;
	}

	/** A builder that was asked for at `askedAtMs` has become ready. */
	succeeded(askedAtMs: number): void {
		this.#set(launchSucceeded(this.#history, askedAtMs));
		if (this.failures === 0) this.#last = undefined;
	}

	/** A machine is gone: where there was no room, there may be some now. */
	roomFreed(): void {
		this.#set(roomFreed(this.#history, this.#clock.now()));
	}

	close(): void {
		this.#cancelTimer();
	}

	#set(history: LaunchHistory): void {
		this.#history = history;
		this.#cancelTimer();
		this.#schedulePauseEnd();
	}

	#schedulePauseEnd(): void {
		const { pauseMs } = this.snapshot;
		if (pauseMs === undefined) return;
		this.#cancelTimer = this.#clock.schedule(() => {
			// A timer may be early by a fraction of a millisecond, and nothing else might wake the pool.
			if (this.snapshot.pausing) this.#schedulePauseEnd();
			else this.#onPauseEnd();
		}, pauseMs);
	}
}
