import type { Clock } from '../spec/index.js';

/** Real, monotonic time. */
export const systemClock: Clock = {
	now: () => performance.now(),
	epoch: () => Date.now(),
	schedule: (callback, delayMs) => {
		const timer = setTimeout(callback, delayMs);
		timer.unref();
		return () => clearTimeout(timer);
	},
};
