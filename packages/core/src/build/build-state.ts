import { type BuildState, type ContainerBuilderError, ERROR_CODES } from '../spec/index.js';

/** Which state may follow which. The last three are final. */
export const BUILD_TRANSITIONS: Readonly<Record<BuildState, readonly BuildState[]>> = {
	queued: ['connecting', 'queued', 'failed', 'canceled'],
	connecting: ['uploading', 'building', 'built', 'queued', 'failed', 'canceled'],
	uploading: ['building', 'built', 'queued', 'failed', 'canceled'],
	building: ['built', 'queued', 'failed', 'canceled'],
	built: ['downloading', 'succeeded', 'failed', 'canceled'],
	downloading: ['succeeded', 'failed', 'canceled'],
	succeeded: [],
	failed: [],
	canceled: [],
};

/** The state after `current`. Throws `TypeError` where `next` may not follow: a defect of the caller. */
export function nextBuildState(current: BuildState, next: BuildState): BuildState {
	if (BUILD_TRANSITIONS[current].includes(next)) return next;
	throw new TypeError(`a build cannot go from ${current} to ${next}`);
}

/** Whether nothing comes after this state. */
export function isFinalState(state: BuildState): boolean {
	return BUILD_TRANSITIONS[state].length === 0;
}

/** What decides on a retry. */
export interface RetryFacts {
	readonly error: Pick<ContainerBuilderError, 'code' | 'retryable'>;
	/** Whether the definition has begun to be executed: from here on nothing is repeated unasked. */
	readonly backendStarted: boolean;
	/** How many builders were tried, this one included. */
	readonly attempts: number;
	/** How often a build may be begun anew. */
	readonly retries: number;
}

/** Whether a build that failed on one builder is begun anew on a fresh one. */
export function isRetried({ error, backendStarted, attempts, retries }: RetryFacts): boolean {
	if (backendStarted || attempts > retries || !error.retryable) return false;
	const { kind } = ERROR_CODES[error.code];
	return (
		kind === 'infrastructure' || error.code === 'builder-unreachable' || error.code === 'connection-lost'
	);
}
