import { ContainerBuilderError } from '@olcf/container-builder-core';

/** The error of a create that left nothing: every way out of it removes what was made. */
export function nothingMade(cause: unknown): unknown {
	if (cause instanceof TypeError) return cause;
	const error = ContainerBuilderError.from(cause, 'provider-unavailable');
	if (error.outcome !== undefined) return error;
	return new ContainerBuilderError(error.code, error.message, {
		cause: error.cause ?? (error === cause ? undefined : cause),
		hint: error.hint,
		retryable: error.retryable,
		details: error.details,
		outcome: 'none',
	});
}
