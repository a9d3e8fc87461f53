import { readFile } from 'node:fs/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { ZodError } from 'zod';
import { type StoredToken, tokenFileSchema } from './stored-token.js';

/** The tokens of a file; none where there is no such file. Rejects with `invalid-configuration` where it is none of ours. */
export async function readTokens(path: string): Promise<readonly StoredToken[]> {
	try {
		return tokenFileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).tokens;
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
		const isForeign = cause instanceof ZodError || cause instanceof SyntaxError;
		const reason = isForeign ? 'it is no file of tokens' : ContainerBuilderError.from(cause).message;
		throw new ContainerBuilderError('invalid-configuration', `${path} cannot be read: ${reason}`, {
			cause,
			hint: 'It is made by: cb-queue token add USER',
		});
	}
}
