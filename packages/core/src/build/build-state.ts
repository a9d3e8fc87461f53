import type { BuildState } from '../spec/index.js';

/** Which state may follow which. The last three are final. */
export const BUILD_TRANSITIONS: Readonly<Record<BuildState, readonly BuildState[]>> = {
	queued: ['connecting', 'queued', 'failed', 'canceled'],
	connecting: ['uploading', 'building', 'built', 'queued', 'failed', 'canceled'],
	uploading: ['building', 'built', 'queued', 'failed', 'canceled'],
	building: ['built', 'queued', 'failed', 'canceled'],
	built: ['downloading', 'succeeded', 'queued', 'failed', 'canceled'],
	downloading: ['succeeded', 'queued', 'failed', 'canceled'],
	succeeded: [],
	failed: [],
	canceled: [],
};

/** The state after `current`. Throws `TypeError` where `next` may not follow: a defect of the caller. */
export function nextBuildState(current: BuildState, next: BuildState): BuildState {
	if (BUILD_TRANSITIONS[current].includes(next)) return next;
	throw new TypeError(`a build cannot go from ${current} to ${next}`);
}

/** Whether a build in this state has all that it needs of its client: it goes on without. */
export function goesOnAlone(state: BuildState): boolean {
	return state === 'building' || state === 'built' || state === 'downloading';
}

/** Whether nothing comes after this state. */
export function isFinalState(state: BuildState): boolean {
	return BUILD_TRANSITIONS[state].length === 0;
}
