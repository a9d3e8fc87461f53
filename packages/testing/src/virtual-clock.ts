import type { Clock } from '@olcf/container-builder-core';
import TinyQueue from 'tinyqueue';

/** A clock that stands still until it is told to go on. Made by {@link virtualClock}. */
export interface VirtualClock extends Required<Clock> {
	/** How many callbacks are scheduled. */
	readonly pending: number;
	/**
	 * Goes on by `ms`, calling what falls due in order, each at its own time; what promises do in between is waited
	 * for. With 0 it only lets promises settle.
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

/** Monday, 5 January 2026, midnight UTC. */
const START_EPOCH_MS = Date.UTC(2026, 0, 5);

/**
 * Makes a clock whose time passes only by `advance` and `runAll`. `epochMs`: what `epoch` tells when `now` tells 0.
 */
export function virtualClock(startMs = 0, epochMs = START_EPOCH_MS): VirtualClock {
	// One that is taken back stays until its time has come: it costs nothing until then.
	const timers = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.order - b.order);
	let pending = 0;
	let now = startMs;
	let order = 0;

	const take = (timer: Timer): (() => void) | undefined => {
		const { callback } = timer;
		if (callback !== undefined) pending--;
		timer.callback = undefined;
		return callback;
	};

	/** Calls the first that is due by then. Whether there was one. */
	const fireNext = async (until: number): Promise<boolean> => {
		for (let timer = timers.peek(); timer !== undefined && timer.at <= until; timer = timers.peek()) {
			timers.pop();
			const callback = take(timer);
			if (callback === undefined) continue;
			now = Math.max(now, timer.at);
			callback();
			await promisesToSettle();
			return true;
		}
		return false;
	};

	return {
		now: () => now,
		epoch: () => epochMs + now,
		schedule: (callback, delayMs) => {
			const timer: Timer = { at: now + Math.max(0, delayMs), order: order++, callback };
			timers.push(timer);
			pending++;
			return () => void take(timer);
		},
		get pending() {
			return pending;
		},
		advance: async (ms) => {
			const until = now + ms;
			await promisesToSettle();
			while (await fireNext(until));
			now = until;
		},
		runAll: async (limit = 10_000) => {
			await promisesToSettle();
			let left = limit;
			while (pending > 0) {
				if (left-- <= 0) throw new Error(`the virtual clock was not idle after ${limit} callbacks`);
				await fireNext(Infinity);
			}
		},
	};
}

/** All chains of promises run dry before the event loop turns. */
function promisesToSettle(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
