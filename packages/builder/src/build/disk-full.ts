import { ContainerBuilderError } from '@olcf/container-builder-core';

/** Whether a system call failed for want of room: no space, over quota, file too large. */
function isDiskFull(error: unknown): boolean {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** `resource-limit` for a full disk, else our own error of code `fallback`. */
export function fileError(
	error: unknown,
	fallback: 'internal' | 'transfer-failed' = 'internal',
): ContainerBuilderError {
	if (isDiskFull(error)) {
		return new ContainerBuilderError('resource-limit', 'the disk of the builder is full', { cause: error });
	}
	return ContainerBuilderError.from(error, fallback);
}
