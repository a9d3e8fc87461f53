import { open, rename, rm } from 'node:fs/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { readTokens } from './read-tokens.js';
import type { StoredToken } from './stored-token.js';

/**
 * Changes a file of tokens as a whole: who reads it at the same time sees what was, or what is; of two who change it at
 * the same time one is refused. Mode 0600. Rejects with `invalid-configuration`.
 */
export async function changeTokens(
	path: string,
	change: (tokens: readonly StoredToken[]) => readonly StoredToken[],
): Promise<void> {
	const next = `${path}.new`;
	const file = await open(next, 'wx', 0o600).catch((cause: unknown) => {
		throw (cause as NodeJS.ErrnoException).code === 'EEXIST'
			? new ContainerBuilderError('invalid-configuration', `${path} is being changed by another process`, {
					hint: `Try again. If there is none: rm ${next}`,
				})
			: unwritable(path, cause);
	});
	try {
		const tokens = change(await readTokens(path));
		await file.writeFile(`${JSON.stringify({ version: 1, tokens }, undefined, '\t')}\n`);
		await file.sync();
		await file.close();
		await rename(next, path);
	} catch (cause) {
		await file.close().catch(() => {});
		await rm(next, { force: true });
		throw cause instanceof ContainerBuilderError ? cause : unwritable(path, cause);
	}
}

function unwritable(path: string, cause: unknown): ContainerBuilderError {
	const { message } = ContainerBuilderError.from(cause);
	return new ContainerBuilderError('invalid-configuration', `${path} cannot be written: ${message}`, {
		cause,
	});
}
