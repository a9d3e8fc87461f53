import type { ContainerBuilderError } from '../../spec/index.js';

/** For how many milliseconds a provider wants to be left alone, as it said when it failed: `details.retryAfterMs`. */
export function retryAfterMs({ details }: ContainerBuilderError): number | undefined {
	const ms = details?.retryAfterMs;
	return typeof ms === 'number' && ms > 0 && ms < Infinity ? ms : undefined;
}
