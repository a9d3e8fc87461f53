import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { ContainerBuilderError, type ContextSource } from '../spec/index.js';
import { contextLimit } from './context-limit.js';
import { contextPath } from './context-path.js';
import { exceptPaths } from './except-paths.js';
import { FileContext } from './file-context.js';
import { walkFiles } from './walk-files.js';
import { withParents } from './with-parents.js';

/** What of a directory is sent. */
export interface DirectoryContextOptions {
	/** Paths are relative to it. */
	readonly root: string;
	/** Files and directories (with all that is in them). @default everything */
	readonly paths?: readonly string[] | undefined;
	/** Files and directories that are left out, absolute or relative to `root`: `.git`, or an image. @default none */
	readonly except?: readonly string[] | undefined;
	/** Most bytes, holes in files included. @default DEFAULT_CONTEXT_LIMIT */
	readonly limit?: number | undefined;
}

/**
 * A directory, or parts of it, as a context. Modes, symbolic and hard links are kept, owners and times are not.
 * `manifest` rejects with `source-missing`, with `invalid-definition` for special files and for links that point out of
 * the directory, and with `size-limit`.
 */
export function directoryContext(options: DirectoryContextOptions): ContextSource {
	const root = resolve(options.root);
	const paths = [...(options.paths ?? ['.'])].sort();
	const exclusion = exceptPaths(root, options.except ?? []);
	return new FileContext({
		root,
		limit: contextLimit(options.limit),
		hint: () => 'Take what is not needed out of the directory, or raise --context-limit.',
		async *find({ signal }) {
			for (const given of paths) {
				const path = contextPath(given);
				if (path === undefined || !(await liesBelow(path, root))) throw leavesRoot(given, root);
				yield* withParents(walkFiles(path, { root, links: 'keep', exclusion, signal }), root);
			}
		},
	});
}

/** Whether a path leads out of the root by way of a link; what does not exist is found out later. */
async function liesBelow(path: string, root: string): Promise<boolean> {
	if (!path.includes('/')) return true;
	try {
		const real = relative(await realpath(root), await realpath(dirname(join(root, path))));
		return real !== '..' && !real.startsWith('../') && !isAbsolute(real);
	} catch {
		return true;
	}
}

function leavesRoot(path: string, root: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', `${path} is not below ${root}`, {
		hint: 'Only what lies below the root of a context can be sent.',
	});
}
