import { lstat, stat } from 'node:fs/promises';
import { basename, isAbsolute, relative, resolve } from 'node:path';
import { definitionError } from '../definition/definition-error.js';
import type { ApptainerDefinition, DefinitionProblem } from '../definition/definition-types.js';
import { type LocalFile, localFiles } from '../definition/local-files.js';
import { ContainerBuilderError, type ContextSource, isContainerBuilderError } from '../spec/index.js';
import { contextLimit } from './context-limit.js';
import { contextPath } from './context-path.js';
import { FileContext } from './file-context.js';
import { matchWildcards } from './match-wildcards.js';
import { type FoundFile, walkFiles } from './walk-files.js';
import { withParents } from './with-parents.js';

/** Of which definition the files are, and where they are. */
export interface DefinitionContextOptions {
	readonly definition: ApptainerDefinition;
	/** What relative paths in the definition start from. @default process.cwd() */
	readonly directory?: string | undefined;
	/** For messages. @default 'definition' */
	readonly fileName?: string | undefined;
	/** Where the definition lies: files that are there instead of in `directory` are pointed out. */
	readonly definitionDirectory?: string | undefined;
	/** Most bytes, holes in files included. @default DEFAULT_CONTEXT_LIMIT */
	readonly limit?: number | undefined;
}

/**
 * The local files that a definition refers to, as a context; undefined where it refers to none. Symbolic links are
 * followed, as apptainer does when it copies (`cp -L`): what they point to is sent in their place.
 *
 * `manifest` rejects with `source-missing` (the message has each missing file with its line) and with
 * `invalid-definition` for paths that leave the directory, and for special files; with `size-limit`.
 */
export function definitionContext(options: DefinitionContextOptions): ContextSource | undefined {
	const files = localFiles(options.definition);
	if (files.length === 0) return undefined;
	const root = resolve(options.directory ?? '.');
	return new FileContext({
		root,
		limit: contextLimit(options.limit),
		hint: () => 'Name the files that are needed instead of whole directories, or raise --context-limit.',
		find: ({ signal }) => findAll(files, { ...options, root, signal }),
	});
}

interface Finding extends DefinitionContextOptions {
	readonly root: string;
	readonly signal?: AbortSignal | undefined;
}

async function* findAll(files: readonly LocalFile[], finding: Finding): AsyncGenerator<FoundFile> {
	const { root, signal, fileName = 'definition' } = finding;
	const missing: DefinitionProblem[] = [];
	const wrong: DefinitionProblem[] = [];
	const paths = new Set<string>();
	for (const file of files) {
		signal?.throwIfAborted();
		const path = contextPath(file.path);
		if (path === undefined) wrong.push(outside(file, root));
		else if (await isDirectoryImage(file, root)) wrong.push(directoryImage(file));
		else {
			const found = await matches(file, path, root);
			if (found.length === 0) missing.push(await notFound(file, finding));
			for (const each of found) paths.add(each);
		}
	}
	if (wrong.length > 0) throw definitionError(fileName, [...wrong, ...missing]);
	if (missing.length > 0) throw await missingError(missing, files, finding);
	for (const path of [...paths].sort()) {
		try {
			yield* withParents(walkFiles(path, { root, links: 'follow', signal }), root);
		} catch (error) {
			if (!isContainerBuilderError(error)) throw error;
			throw new ContainerBuilderError(error.code, `${fileName}: ${error.message}`, {
				hint: error.hint,
				cause: error,
			});
		}
	}
}

/** What a name stands for: itself, or what its wildcards match, as in a POSIX shell. */
async function matches(file: LocalFile, path: string, root: string): Promise<readonly string[]> {
	if (file.wildcards && /[*?[]/.test(path)) {
		const found = await matchWildcards(path, root);
		if (found.length > 0) return found;
	}
	return (await exists(resolve(root, path))) ? [path] : [];
}

async function notFound(file: LocalFile, { root }: Finding): Promise<DefinitionProblem> {
	const wildcard = file.wildcards && /[*?[]/.test(file.path);
	const dangling =
		!wildcard && (await lstat(resolve(root, file.path)).catch(() => undefined))?.isSymbolicLink();
	const message = wildcard
		? `nothing in ${root} matches ${file.path}`
		: dangling
			? `${file.path} is a symbolic link to something that does not exist`
			: `there is no ${file.path} in ${root}`;
	return { severity: 'error', message, position: file.position };
}

async function missingError(
	problems: readonly DefinitionProblem[],
	files: readonly LocalFile[],
	{ root, definitionDirectory, fileName = 'definition' }: Finding,
): Promise<ContainerBuilderError> {
	const { message } = definitionError(fileName, problems);
	return new ContainerBuilderError('source-missing', message, { hint: await hint() });

	async function hint(): Promise<string> {
		const beside = definitionDirectory === undefined ? undefined : resolve(definitionDirectory);
		const advice = 'Paths in a definition start from the working directory, as with apptainer.';
		if (beside === undefined || beside === root) return advice;
		for (const { path, position } of files) {
			const isMissing = problems.some((problem) => problem.position === position);
			if (isMissing && (await exists(resolve(beside, path)))) {
				const name = basename(path);
				return `${advice} ${name} lies beside the definition: run this from ${relative(root, beside) || beside}.`;
			}
		}
		return advice;
	}
}

function outside({ path, position }: LocalFile, root: string): DefinitionProblem {
	const inside = isAbsolute(path) ? contextPath(relative(root, path)) : undefined;
	const advice =
		inside === undefined
			? 'copy it there, or run this from a directory above it'
			: `write ${inside}, since the builder has another ${root}`;
	return {
		severity: 'error',
		message: `${path} is not given relative to, and below, the directory ${root}: ${advice}`,
		position,
	};
}

async function isDirectoryImage({ use, path }: LocalFile, root: string): Promise<boolean> {
	if (use !== 'image') return false;
	return (await stat(resolve(root, path)).catch(() => undefined))?.isDirectory() === true;
}

function directoryImage({ path, position }: LocalFile): DefinitionProblem {
	return {
		severity: 'error',
		message: `${path} is a directory: the owners of its files cannot be sent; make an image file of it first (apptainer build)`,
		position,
	};
}

async function exists(path: string): Promise<boolean> {
	return await stat(path).then(
		() => true,
		() => false,
	);
}
