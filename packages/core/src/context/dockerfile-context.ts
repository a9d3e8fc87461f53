import { basename, resolve } from 'node:path';
import type { ContextSource } from '../spec/index.js';
import { contextLimit } from './context-limit.js';
import { exceptPaths } from './except-paths.js';
import { FileContext } from './file-context.js';
import { findIgnoreFile } from './ignore-file.js';
import { walkFiles } from './walk-files.js';

/** Of which Dockerfile the context is. */
export interface DockerfileContextOptions {
	/** What `COPY` and `ADD` start from. */
	readonly root: string;
	/** Path of the Dockerfile, whose own ignore file counts before those of the root; absent: it has none. */
	readonly dockerfile?: string | undefined;
	/** Files and directories that are left out too, absolute or relative to `root`. @default none */
	readonly except?: readonly string[] | undefined;
	/** Most bytes, holes in files included. @default DEFAULT_CONTEXT_LIMIT */
	readonly limit?: number | undefined;
}

/**
 * The context of a Dockerfile: a directory, less what its ignore file says: the first that there is of
 * `<dockerfile>.dockerignore`, `<dockerfile>.containerignore`, `.containerignore` and `.dockerignore`. Its patterns are
 * Docker's, exceptions (`!`) included. Dockerfile and ignore file are sent like any other file. Modes, symbolic and hard
 * links are kept, owners and times are not.
 *
 * `manifest` rejects with `source-missing`, with `invalid-definition` for special files and for links that point out of
 * the directory, where they are not left out, and with `size-limit`.
 */
export function dockerfileContext(options: DockerfileContextOptions): ContextSource {
	const root = resolve(options.root);
	const { dockerfile, except = [] } = options;
	let ignoreFile: string | undefined;
	return new FileContext({
		root,
		limit: contextLimit(options.limit),
		hint: () => `List what is not needed in ${ignoreFile ?? '.dockerignore'}, or raise --context-limit.`,
		async *find({ signal }) {
			const ignored = await findIgnoreFile(root, dockerfile === undefined ? undefined : resolve(dockerfile));
			ignoreFile = ignored && basename(ignored.path);
			yield* walkFiles('.', { root, links: 'keep', exclusion: exceptPaths(root, except, ignored), signal });
		},
	});
}
