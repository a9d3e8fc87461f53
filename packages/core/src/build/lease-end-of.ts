import { type ContainerBuilderError, type ErrorCode, isContainerBuilderError } from '../spec/index.js';

/** With these a queue answers a sign of life for a lease that is over. */
const OVER: readonly ErrorCode[] = ['lease-lost', 'not-found', 'forbidden'];

/**
 * Why a lease is over, where an error or what it was caused by tells that it is: the queue's word (`builder-lost`,
 * `deadline`, `canceled`, …), or `unknown`.
 */
export function leaseEndOf(error: ContainerBuilderError): string | undefined {
	const { cause, code } = error;
	const said = code === 'builder-lost' && isContainerBuilderError(cause) ? cause : error;
	if (!OVER.includes(said.code)) return undefined;
	return String(said.details?.reason ?? 'unknown');
}
