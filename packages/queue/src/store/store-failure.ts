import { constants } from 'node:os';
import { ContainerBuilderError, isContainerBuilderError } from '@olcf/container-builder-core';

/** LMDB's codes for a file that is not as it left it: page not found, corrupted, panic, invalid. */
const DAMAGED = new Set([-30797, -30796, -30795, -30793]);
const { EACCES, EDQUOT, EFBIG, ENOSPC, EPERM, EROFS } = constants.errno;
const FULL = new Set([EFBIG, ENOSPC, EDQUOT]);
const REFUSED = new Set([EACCES, EPERM, EROFS]);

/** The error for a file that cannot be what was written. */
export function damagedStore(path: string, what: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', `the store ${path} is damaged: ${what}`, {
		hint: `Nothing was changed. Put a backup in its place, or move it and ${path}-lock away to start with an empty store.`,
		cause,
	});
}

/** The error for a file that another version of this package wrote. */
export function otherFormat(path: string, format: number): ContainerBuilderError {
	return new ContainerBuilderError(
		'invalid-option',
		`the store ${path} has a format, ${format}, that this version of container-builder does not know`,
		{ hint: 'Use the version that wrote it, or a later one, or name another directory.' },
	);
}

/** The error for whatever LMDB or the file system threw. */
export async function storeFailure(path: string, error: unknown): Promise<unknown> {
	if (isContainerBuilderError(error) || error instanceof TypeError) return error;
	const cause = await causeOf(error);
	const message = cause instanceof Error ? cause.message : String(cause);
	const code = codeOf(cause);
	// What was read is not what was written.
	const unreadable = cause instanceof SyntaxError || cause instanceof RangeError;
	if (unreadable || DAMAGED.has(code)) return damagedStore(path, message, cause);
	if (REFUSED.has(code)) {
		return new ContainerBuilderError('invalid-option', `the store ${path} cannot be written: ${message}`, {
			hint: 'Make its directory and all files in it your own to write, or name another directory.',
			cause,
		});
	}
	if (FULL.has(code)) {
		return new ContainerBuilderError('resource-limit', `the store ${path} cannot grow: ${message}`, {
			hint: 'Make room on its disk.',
			cause,
		});
	}
	return new ContainerBuilderError('internal', `the store ${path} failed: ${message}`, { cause });
}

/** A failed commit tells its reason by a promise of its own, which must not count as unhandled. */
async function causeOf(error: unknown): Promise<unknown> {
	const { commitError } = error as { readonly commitError?: Promise<never> };
	return commitError === undefined ? error : commitError.catch((reason: unknown) => reason);
}

/** LMDB tells the system's codes as numbers, Node by their names. */
function codeOf(error: unknown): number {
	const { code } = (error ?? {}) as { readonly code?: unknown };
	if (typeof code === 'number') return code;
	return (constants.errno as Readonly<Record<string, number>>)[String(code)] ?? 0;
}
