import { ContainerBuilderError } from '../../spec/index.js';

/** The error for who wants a provenance of a queue without a key. */
export function signsNothing(): ContainerBuilderError {
	return new ContainerBuilderError('unsupported', 'this queue signs no provenance', {
		hint: 'Build without one, or give the queue a signer.',
	});
}
