import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ContainerBuilderError, type ContextEntry } from '../spec/index.js';

/** A file, directory or link that was found, with what tells later whether it is still the same. */
export interface FoundFile {
	/** Relative to the context's root. */
	readonly path: string;
	readonly absolutePath: string;
	readonly type: ContextEntry['type'];
	readonly mode: number;
	readonly size: number;
	readonly target?: string | undefined;
	readonly stamp: FileStamp;
}

/** What changes when a file does. */
export interface FileStamp {
	readonly size: bigint;
	readonly mtimeNs: bigint;
	readonly inode: bigint;
}

/** How to walk. */
export interface WalkOptions {
	readonly root: string;
	/** `follow`: links are what they point to, as `cp -L` has it. `keep`: they stay links, and stay within the root. */
	readonly links: 'follow' | 'keep';
	readonly signal?: AbortSignal | undefined;
}

/** `path` below the root, and, where it is a directory, all that is in it. `.` is the root itself. */
export async function* walkFiles(path: string, options: WalkOptions): AsyncGenerator<FoundFile> {
	yield* walk(path, options, []);
}

async function* walk(
	path: string,
	options: WalkOptions,
	above: readonly string[],
): AsyncGenerator<FoundFile> {
	options.signal?.throwIfAborted();
	const absolutePath = join(options.root, path);
	const found = await look(path, absolutePath, options);
	if (found === undefined) return;
	const { stats, target } = found;
	const stamp = fileStamp(stats);
	const mode = Number(stats.mode & 0o7777n);
	if (target !== undefined) {
		yield { path, absolutePath, type: 'symlink', mode: 0o777, size: 0, target, stamp };
	} else if (stats.isFile()) {
		yield { path, absolutePath, type: 'file', mode, size: Number(stats.size), stamp };
	} else if (stats.isDirectory()) {
		if (path !== '.') yield { path, absolutePath, type: 'directory', mode, size: 0, stamp };
		const real = options.links === 'follow' ? await realpath(absolutePath) : absolutePath;
		if (above.includes(real)) {
			throw new ContainerBuilderError(
				'invalid-definition',
				`${path} is a link to a directory that it lies in`,
				{
					hint: 'Remove the link, or name the files that are needed one by one.',
				},
			);
		}
		const names = await readdir(absolutePath).catch((error) => {
			throw unreadable(path, error);
		});
		for (const name of names.sort()) yield* walk(posix.join(path, name), options, [...above, real]);
	} else {
		throw new ContainerBuilderError(
			'invalid-definition',
			`${path} is neither a file nor a directory nor a link (${kindOf(stats)}): it cannot be sent`,
			{ hint: 'Take it out of the directory, or name the files that are needed one by one.' },
		);
	}
}

async function look(
	path: string,
	absolutePath: string,
	{ root, links }: WalkOptions,
): Promise<{ readonly stats: BigIntStats; readonly target?: string } | undefined> {
	if (path.includes('\uFFFD')) {
		throw new ContainerBuilderError('invalid-definition', `the name of ${path} is not UTF-8`, {
			hint: 'Rename the file.',
		});
	}
	try {
		if (links === 'follow') return { stats: await stat(absolutePath, { bigint: true }) };
		const stats = await lstat(absolutePath, { bigint: true });
		if (!stats.isSymbolicLink()) return { stats };
		const target = await readlink(absolutePath);
		const resolved = posix.resolve(posix.dirname(absolutePath), target);
		if (target.startsWith('/') || !(resolved === root || resolved.startsWith(`${root}/`))) {
			throw new ContainerBuilderError(
				'invalid-definition',
				`the link ${path} points out of ${root}, to ${target}`,
				{
					hint: 'Replace the link by what it points to.',
				},
			);
		}
		return { stats, target };
	} catch (error) {
		if (error instanceof ContainerBuilderError) throw error;
		throw unreadable(path, error);
	}
}

/** What `stat` tells of a file's version. */
export function fileStamp(stats: BigIntStats): FileStamp {
	return { size: stats.size, mtimeNs: stats.mtimeNs, inode: stats.ino };
}

/** The error of code `source-missing` for what the file system said of `path`. */
export function unreadable(path: string, error: unknown): ContainerBuilderError {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	const what =
		code === 'ENOENT' || code === 'ENOTDIR'
			? 'does not exist'
			: code === 'EACCES' || code === 'EPERM'
				? 'may not be read'
				: `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
	return new ContainerBuilderError('source-missing', `${path} ${what}`, { cause: error });
}

function kindOf(stats: BigIntStats): string {
	if (stats.isFIFO()) return 'a named pipe';
	if (stats.isSocket()) return 'a socket';
	return 'a device';
}
