import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ContextSource } from '../index.js';

/** All of a directory but `.git` and the image that is to be written. */
export async function workingDirectoryContext(directory: string, image: string): Promise<ContextSource> {
	const { directoryContext } = await import('../index.js');
	const names = await readdir(directory);
	const paths = names.filter(
		(name) => name !== '.git' && resolve(directory, name) !== resolve(directory, image),
	);
	return directoryContext({ root: directory, paths });
}
