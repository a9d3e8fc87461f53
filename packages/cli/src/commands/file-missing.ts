import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { describeFileError } from './describe-file-error.js';

/** The error for a file that a command line names and that cannot be read. */
export function fileMissing(
	path: string,
	cause: NodeJS.ErrnoException,
	hint?: string,
): ContainerBuilderError {
	return new ContainerBuilderError('source-missing', `${path} ${describeFileError(cause)}`, { cause, hint });
}
