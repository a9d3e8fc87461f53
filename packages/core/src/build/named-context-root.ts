import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ContainerBuilderError } from '../spec/index.js';

/** The root of a context that the caller named, absolute. Rejects with `invalid-option` where it is no directory. */
export async function namedContextRoot(
	contextRoot: string | undefined,
	directory: string,
): Promise<string | undefined> {
	if (contextRoot === undefined) return undefined;
	const root = resolve(directory, contextRoot);
	const found = await stat(root).catch(() => undefined);
	if (found?.isDirectory()) return root;
	throw new ContainerBuilderError(
		'invalid-option',
		`the context ${contextRoot} ${found === undefined ? 'does not exist' : 'is not a directory'}`,
		{ hint: 'Name the directory in which the local files lie.' },
	);
}
