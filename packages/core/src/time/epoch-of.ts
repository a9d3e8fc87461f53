import type { Clock } from '../spec/index.js';

/** Milliseconds since 1970 by a clock. */
export function epochOf(clock: Clock): number {
	return clock.epoch?.() ?? Date.now();
}
