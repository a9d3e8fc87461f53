import { ContainerBuilderError } from '../spec/index.js';

const ADVICE: Readonly<Record<string, readonly [what: string, hint: string]>> = {
	ENOSPC: ['no space left on the device', 'Free some space there, or name another place for the image.'],
	EDQUOT: ['the disk quota is used up', 'Free some space there, or name another place for the image.'],
	EFBIG: ['the file would be larger than allowed', 'Raise the limit on file sizes (ulimit -f).'],
	EROFS: ['the file system is read-only', 'Name a place for the image that can be written to.'],
	EACCES: ['permission denied', 'Name a place for the image that you may write to.'],
	EPERM: ['operation not permitted', 'Name a place for the image that you may write to.'],
	ENOENT: ['no such directory', 'Make the directory first, or name another place for the image.'],
	ENOTDIR: ['not a directory', 'Name another place for the image.'],
	ENAMETOOLONG: ['the name is too long', 'Name another place for the image.'],
};

/** The error of code `image-write` for what the file system said. */
export function imageWriteError(path: string, error: unknown): ContainerBuilderError {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	const [what, hint] = ADVICE[code] ?? [error instanceof Error ? error.message : String(error), undefined];
	return new ContainerBuilderError('image-write', `cannot write the image at ${path}: ${what}`, {
		cause: error,
		hint,
	});
}
