import { resolve } from 'node:path';
import { ContainerBuilderError, type ContextSource } from '../spec/index.js';
import { contextPath } from './context-path.js';
import { FileContext } from './file-context.js';
import { walkFiles } from './walk-files.js';
import { withParents } from './with-parents.js';

/** What of a directory is sent. */
export interface DirectoryContextOptions {
	/** Paths are relative to it. */
	readonly root: string;
	/** Files and directories (with all that is in them). @default everything */
	readonly paths?: readonly string[] | undefined;
}

/**
 * A directory, or parts of it, as a context. Modes and symbolic links are kept, owners and times are not. Rejects with
 * `source-missing`, and with `invalid-definition` for special files and for links that point out of the directory.
 */
export function directoryContext(options: DirectoryContextOptions): ContextSource {
	const root = resolve(options.root);
	const paths = [...(options.paths ?? ['.'])].sort();
	return new FileContext(async function* ({ signal }) {
		for (const given of paths) {
			const path = contextPath(given);
			if (path === undefined) throw leavesRoot(given, root);
			yield* withParents(walkFiles(path, { root, links: 'keep', signal }), root);
		}
	});
}

function leavesRoot(path: string, root: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', `${path} is not below ${root}`, {
		hint: 'Only what lies below the root of a context can be sent.',
	});
}
