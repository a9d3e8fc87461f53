import { lstat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { findIgnoreFile } from '../context/ignore-file.js';
import { ignoreRules } from '../context/ignore-rules.js';
import type { DefinitionProblem } from '../definition/definition-types.js';
import { errorAt } from '../definition/problem.js';
import type { ContextPath, Recipe } from '../definition/recipe-types.js';
import type { ContextManifest } from '../spec/index.js';

/** Where the files of a context come from, for what is said of those that are missing. */
export interface ContextPlace {
	/** Absolute; absent where the context is not a directory of this machine. */
	readonly root?: string | undefined;
	/** Path of the Dockerfile. */
	readonly dockerfile?: string | undefined;
}

/** What `COPY` and `ADD` name, and the context has not. */
export async function checkCopied(
	{ context }: Pick<Recipe, 'context'>,
	manifest: Pick<ContextManifest, 'entries'> | undefined,
	place: ContextPlace,
): Promise<readonly DefinitionProblem[]> {
	if (context.kind !== 'directory' || manifest === undefined) return [];
	const types = new Map(manifest.entries.map(({ path, type }) => [path, type]));
	const problems: DefinitionProblem[] = [];
	for (const { path, position } of context.copied) {
		const wanted = fromRoot(path);
		const found = /[*?[\\]/.test(wanted) ? await matches(wanted, types.keys()) : has(wanted, types);
		if (!found) problems.push(errorAt(position, await whyMissing({ path, position }, wanted, place)));
	}
	return problems;
}

/** As both backends take it: the context is the root of what can be named, and `..` does not leave it. */
function fromRoot(path: string): string {
	return posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, '');
}

function has(path: string, types: ReadonlyMap<string, string>): boolean {
	if (path === '' || types.has(path)) return true;
	// What lies behind a symbolic link is for the builder to find.
	const parts = path.split('/');
	return parts.some((_, index) => types.get(parts.slice(0, index).join('/')) === 'symlink');
}

async function matches(pattern: string, paths: Iterable<string>): Promise<boolean> {
	// The same wildcards, from the same library of Go's.
	const rules = await ignoreRules();
	rules.add(pattern);
	for (const path of paths) if (rules.ignores(path)) return true;
	return false;
}

async function whyMissing(
	{ path }: ContextPath,
	wanted: string,
	{ root, dockerfile }: ContextPlace,
): Promise<string> {
	if (root === undefined) return `${path} is not in the context`;
	const inContext = posix.normalize(path).startsWith('..')
		? `${path} lies outside of the context: name a directory above both with --context`
		: `there is no ${path} in ${root}`;
	const there = await lstat(join(root, wanted)).then(
		() => true,
		() => false,
	);
	const ignored = there ? await findIgnoreFile(root, dockerfile) : undefined;
	return ignored === undefined ? inContext : `${path} is excluded by ${basename(ignored.path)}`;
}
