import { readFile } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { ContainerBuilderError } from '../spec/index.js';
import { ignoreRules } from './ignore-rules.js';
import { type Exclusion, unreadable } from './walk-files.js';

/** What a context leaves out, and which file says so. */
export interface IgnoreFile extends Exclusion {
	readonly path: string;
}

/**
 * The ignore file of a Dockerfile: the one named after it (`Dockerfile.dockerignore`, `Dockerfile.containerignore`)
 * beside it, else `.containerignore`, else `.dockerignore` in the root. Rejects with `source-missing`, and with
 * `invalid-definition` for what is no pattern.
 */
export async function findIgnoreFile(
	root: string,
	dockerfile: string | undefined,
): Promise<IgnoreFile | undefined> {
	const own = dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`, `${dockerfile}.containerignore`];
	for (const path of [...own, join(root, '.containerignore'), join(root, '.dockerignore')]) {
		const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
			if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
			throw unreadable(path, error);
		});
		if (text !== undefined) return await readIgnoreFile(path, text);
	}
	return undefined;
}

async function readIgnoreFile(path: string, text: string): Promise<IgnoreFile> {
	const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
	const rules = await ignoreRules();
	const exceptions: (readonly string[])[] = [];
	for (const [index, line] of lines.entries()) {
		try {
			rules.add(line);
		} catch (cause) {
			const message = `${basename(path)}:${index + 1}:1: ${line.trim()} is not a pattern`;
			throw new ContainerBuilderError('invalid-definition', message, { cause });
		}
		const exception = /^\s*!(.*)$/.exec(line)?.[1]?.trim();
		if (exception) exceptions.push(partsOf(exception));
	}
	return {
		path,
		excludes: (name) => rules.ignores(name),
		mayWantBelow: (directory) => exceptions.some((pattern) => mayMatchBelow(pattern, directory.split('/'))),
	};
}

function partsOf(pattern: string): readonly string[] {
	return posix
		.normalize(pattern)
		.split('/')
		.filter((part) => part !== '' && part !== '.');
}

/**
 * Whether a pattern may match something below a directory that it does not match itself. It may say yes too often,
 * where there are wildcards, but never no.
 */
function mayMatchBelow(pattern: readonly string[], directory: readonly string[]): boolean {
	for (const [index, part] of directory.entries()) {
		const wanted = pattern[index];
		if (wanted === undefined) return false;
		if (wanted.includes('**')) return true;
		if (!/[*?[\\]/.test(wanted) && wanted !== part) return false;
	}
	return pattern.length > directory.length;
}
