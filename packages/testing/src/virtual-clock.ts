import type { Clock } from '@olcf/container-builder-core';
import TinyQueue from 'tinyqueue';

/** A clock that stands still until it is told to go on. Made by {@link virtualClock}. */
export interface VirtualClock extends Required<Clock> {
	/** How many callbacks are scheduled. */
	readonly pending: number;
	/**
	 * Goes on by `ms`, calling what falls due in order, each at its own time; what promises do in between is waited
	 * for, and the event loop turns now and then. With 0 it only lets promises settle.
	 */
	advance(ms: number): Promise<void>;
	/**
	 * Goes on from one scheduled callback to the next until none is left, or `limit` were called.
	 *
	 * @throws Error when the limit was reached: something schedules itself for ever. @default limit 10000
	 */
	runAll(limit?: number): Promise<void>;
}

interface Timer {
	readonly at: number;
	readonly order: number;
	/** Undefined when it was called or taken back. */
	callback: (() => void) | undefined;
}

/** So many callbacks are called until the event loop turns: that takes longer than what most of them do. */
const CALLBACKS_A_TURN = 16;
/** Monday, 5 January 2026, midnight UTC. */
const START_EPOCH_MS = Date.UTC(2026, 0, 5);

/**
 * Makes a clock whose time passes only by `advance` and `runAll`. `epochMs`: what `epoch` tells when `now` tells 0.
 */
export function virtualClock(startMs = 0, epochMs = START_EPOCH_MS): VirtualClock {
	// One that is taken back stays until its time has come: it costs nothing until then.
	const timers = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.order - b.order);
	let pending = 0;
	let fired = 0;
	let now = startMs;
	let order = 0;

	const takeBack = (timer: Timer): void => {
		if (timer.callback === undefined) return;
		timer.callback = undefined;
		pending--;
	};

	/** The next one, if it is due by then. */
	const due = (until: number): Timer | undefined => {
		let timer = timers.peek();
		while (timer !== undefined && timer.callback === undefined) {
			timers.pop();
			timer = timers.peek();
		}
		return timer !== undefined && timer.at <= until ? timer : undefined;
	};

	const fire = async (timer: Timer): Promise<void> => {
		const { at, callback } = timer;
		takeBack(timer);
		now = Math.max(now, at);
		callback?.();
		await (++fired % CALLBACKS_A_TURN === 0 ? promisesToSettle() : promisesToRunDry());
	};

	const fireAll = async (until: number, limit = Infinity): Promise<void> => {
		let left = limit;
		await promisesToSettle();
		while (due(until) !== undefined) {
			for (let timer = due(until); timer !== undefined; timer = due(until)) {
				if (left-- <= 0) throw new Error(`the virtual clock was not idle after ${limit} callbacks`);
				await fire(timer);
			}
			await promisesToSettle();
		}
	};

	return {
		now: () => now,
		epoch: () => epochMs + now,
		schedule: (callback, delayMs) => {
			const timer: Timer = { at: now + Math.max(0, delayMs), order: order++, callback };
			timers.push(timer);
			pending++;
			return () => takeBack(timer);
		},
		get pending() {
			return pending;
		},
		advance: async (ms) => {
			const until = now + ms;
			await fireAll(until);
			now = until;
		},
		runAll: (limit = 10_000) => fireAll(Infinity, limit),
	};
}

/** Ticks come when no promise has anything to do any more. */
function promisesToRunDry(): Promise<void> {
	return new Promise((resolve) => process.nextTick(resolve));
}

/** The same, and the event loop turns: what is not of promises alone gets its turn too. */
function promisesToSettle(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
