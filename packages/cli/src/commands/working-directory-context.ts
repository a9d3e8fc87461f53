import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ContextSource } from '../index.js';

/** All of a directory but `.git` and the image that is to be written. */
export async function workingDirectoryContext(
	directory: string,
	options: { readonly image?: string | undefined; readonly limit?: number | undefined },
): Promise<ContextSource> {
	const { directoryContext } = await import('../index.js');
	const image = options.image === undefined ? undefined : resolve(directory, options.image);
	const names = await readdir(directory);
	const paths = names.filter((name) => name !== '.git' && resolve(directory, name) !== image);
	return directoryContext({ root: directory, paths, limit: options.limit });
}
