import type { Clock } from '@olcf/container-builder-core';

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
	readonly callback: () => void;
}

/** Monday, 5 January 2026, midnight UTC. */
const START_EPOCH_MS = Date.UTC(2026, 0, 5);

/**
 * Makes a clock whose time passes only by `advance` and `runAll`. `epochMs`: what `epoch` tells when `now` tells 0.
 */
export function virtualClock(startMs = 0, epochMs = START_EPOCH_MS): VirtualClock {
	const timers = new Set<Timer>();
	let now = startMs;
	let order = 0;

	const earliest = (): Timer | undefined => {
		let first: Timer | undefined;
		for (const timer of timers) {
			if (
				first === undefined ||
				timer.at < first.at ||
				(timer.at === first.at && timer.order < first.order)
			) {
				first = timer;
			}
		}
		return first;
	};

	const fire = async (timer: Timer): Promise<void> => {
		timers.delete(timer);
		now = Math.max(now, timer.at);
		timer.callback();
		await promisesToSettle();
	};

	return {
		now: () => now,
		epoch: () => epochMs + now,
		schedule: (callback, delayMs) => {
			const timer: Timer = { at: now + Math.max(0, delayMs), order: order++, callback };
			timers.add(timer);
			return () => {
				timers.delete(timer);
			};
		},
		get pending() {
			return timers.size;
		},
		advance: async (ms) => {
			const until = now + ms;
			await promisesToSettle();
			for (let timer = earliest(); timer !== undefined && timer.at <= until; timer = earliest())
				await fire(timer);
			now = until;
		},
		runAll: async (limit = 10_000) => {
			await promisesToSettle();
			let left = limit;
			for (let timer = earliest(); timer !== undefined; timer = earliest()) {
				if (left-- <= 0) throw new Error(`the virtual clock was not idle after ${limit} callbacks`);
				await fire(timer);
			}
		},
	};
}

/** All chains of promises run dry before the event loop turns. */
function promisesToSettle(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
