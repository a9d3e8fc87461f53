import { ContainerBuilderError } from '@olcf/container-builder-core';

/** The error for what this machine lacks; nothing was made. */
export function misconfigured(message: string, hint?: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('provider-misconfigured', message, { hint, cause, outcome: 'none' });
}
