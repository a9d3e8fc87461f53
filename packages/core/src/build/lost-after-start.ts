import { ContainerBuilderError } from '../spec/index.js';

/** The loss of a builder on which the definition was being executed, as it is told to who did not ask for another try. */
export function lostAfterStart(error: ContainerBuilderError): ContainerBuilderError {
	const { code, message, cause, retryable, details } = error;
	return new ContainerBuilderError(code, message, {
		cause,
		retryable,
		details: { ...details, backendStarted: true },
		hint: 'The machine or the way to it failed, not the definition: build again, or set retryLost to have that done.',
	});
}
