import type { Phases } from './phases.js';

/** Tells nothing: errors have their own way. */
export function quietPhases(): Phases {
	const nothing = (): void => {};
	return { start: nothing, update: nothing, done: nothing, stop: nothing, line: nothing };
}
