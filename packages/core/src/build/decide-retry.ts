import { type ContainerBuilderError, ERROR_CODES, type ErrorCode } from '../spec/index.js';

/** What decides on a retry. */
export interface RetryFacts {
	readonly error: Pick<ContainerBuilderError, 'code' | 'retryable'>;
	/** Why the lease is over, where it is: as the queue calls it, `unknown` where it does not say. */
	readonly leaseEnd: string | undefined;
	/** Whether the definition has begun to be executed: from here on nothing is repeated unasked. */
	readonly backendStarted: boolean;
	/** Whether bytes of the image may have gone to a stream, which does not give them back. */
	readonly imageStreamed: boolean;
	/** How many builders were tried, this one included. */
	readonly attempts: number;
	/** How often a build may be begun anew. */
	readonly retries: number;
	/** Whether it was asked for that also a definition that has begun to be executed is begun anew. */
	readonly retryLost: boolean;
}

/** `when-asked`: it would be begun anew if `retryLost` were set. */
export type RetryDecision = 'begin-anew' | 'when-asked' | 'never';

/** What says that a builder is gone, and not that it did or was told something. */
const LOSSES: readonly ErrorCode[] = [
	'builder-lost',
	'lease-lost',
	'machine-failed',
	'connection-lost',
	'builder-unreachable',
];

/** Whether a build that failed on one builder is begun anew on a fresh one. */
export function decideRetry(facts: RetryFacts): RetryDecision {
	const { error, leaseEnd, backendStarted, imageStreamed, attempts, retries, retryLost } = facts;
	if (attempts > retries || !error.retryable || imageStreamed) return 'never';
	// Any other end of a lease is a limit or somebody's will.
	if (leaseEnd !== undefined && leaseEnd !== 'builder-lost') return 'never';
	const isLoss = LOSSES.includes(error.code);
	if (backendStarted) return !isLoss ? 'never' : retryLost ? 'begin-anew' : 'when-asked';
	return isLoss || ERROR_CODES[error.code].kind === 'infrastructure' ? 'begin-anew' : 'never';
}
