import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** The same error; where `--retry-lost` would have made another try of it, its hint says so. */
export function retryHint(
	error: ContainerBuilderError,
	values: { readonly 'retry-lost'?: boolean | undefined },
): ContainerBuilderError {
	if (error.details?.backendStarted !== true || values['retry-lost'] === true) return error;
	const { code, message, cause, retryable, details, build } = error;
	const hint = 'The machine or the way to it failed, not the definition: try again with --retry-lost.';
	return new ContainerBuilderError(code, message, { cause, retryable, details, build, hint });
}
