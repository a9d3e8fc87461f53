import type { Clock } from '../spec/index.js';
import { systemClock } from '../time/system-clock.js';

/** Requests that are taken in one turn of the event loop. */
const TURN = 32;

/** What a budget allows. */
export interface RequestBudgetOptions {
	/** Requests that may come at once. @default 1000 */
	readonly burst?: number | undefined;
	/** Requests a second, in the long run. @default 500 */
	readonly perSecond?: number | undefined;
	/** @default real time */
	readonly clock?: Clock | undefined;
}

/**
 * How much of this process one peer may have, a token bucket: who asks for more is read from no faster than that, and loses
 * nothing. Also leaves the event loop to others now and then, however much has arrived already.
 */
export class RequestBudget {
	readonly #burst: number;
	readonly #perSecond: number;
	readonly #clock: Clock;
	#left: number;
	#filledAt: number;
	#inTurn = 0;

	constructor({ burst = 1_000, perSecond = 500, clock = systemClock }: RequestBudgetOptions = {}) {
		this.#burst = burst;
		this.#perSecond = perSecond;
		this.#clock = clock;
		this.#left = burst;
		this.#filledAt = clock.now();
	}

	/**
	 * Takes one request's share; what it returns is waited for before it is looked at. `isLast`: nothing more comes from this
	 * peer, so that what is here need not be held back.
	 */
	take(isLast = false): Promise<void> | undefined {
		const now = this.#clock.now();
		this.#left = Math.min(this.#burst, this.#left + ((now - this.#filledAt) * this.#perSecond) / 1_000) - 1;
		this.#filledAt = now;
		if (this.#left < 0 && !isLast) {
			const delayMs = (-this.#left * 1_000) / this.#perSecond;
			return new Promise((resolve) => this.#clock.schedule(resolve, delayMs));
		}
		if (++this.#inTurn < TURN) return undefined;
		this.#inTurn = 0;
		return new Promise((resolve) => setImmediate(resolve));
	}
}
