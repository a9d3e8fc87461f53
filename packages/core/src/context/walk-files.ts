import { isUtf8 } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { ContainerBuilderError, type ContextEntry, isContainerBuilderError } from '../spec/index.js';
import { mapAhead } from './map-ahead.js';

/** Files of one directory that are looked at together. */
const LOOKS = 32;
/** The longest path: the builder must have room before it, and the kernel takes 4095 bytes. */
const MAX_PATH_BYTES = 3840;

/** A file, directory or link that was found, with what tells later whether it is still the same. */
export interface FoundFile {
	/** Relative to the context's root. */
	readonly path: string;
	readonly absolutePath: string;
	readonly type: Exclude<ContextEntry['type'], 'link'>;
	readonly mode: number;
	readonly size: number;
	readonly target?: string | undefined;
	/** Whether a file has other names too. */
	readonly linked?: boolean | undefined;
	readonly stamp: FileStamp;
}

/** What changes when a file does. */
export interface FileStamp {
	readonly size: bigint;
	readonly mtimeNs: bigint;
	readonly inode: bigint;
	readonly device: bigint;
}

/** What is left out. */
export interface Exclusion {
	excludes(path: string): boolean;
	/** Whether something below an excluded directory may be wanted all the same. */
	mayWantBelow(path: string): boolean;
}

/** How to walk. */
export interface WalkOptions {
	readonly root: string;
	/** `follow`: links are what they point to, as `cp -L` has it. `keep`: they stay links. */
	readonly links: 'follow' | 'keep';
	readonly exclusion?: Exclusion | undefined;
	readonly signal?: AbortSignal | undefined;
}

interface Look {
	readonly path: string;
	readonly absolutePath: string;
	readonly stats: BigIntStats;
	readonly target?: string | undefined;
}

/** `path` below the root, and, where it is a directory, all that is in it. `.` is the root itself. */
export async function* walkFiles(path: string, options: WalkOptions): AsyncGenerator<FoundFile> {
	if (isPruned(path, options)) return;
	const found = await look(path, options);
	if (path === '.' && !found.stats.isDirectory()) {
		throw new ContainerBuilderError('source-missing', `${found.absolutePath} is not a directory`);
	}
	yield* walk(found, options, []);
}

async function* walk(found: Look, options: WalkOptions, above: readonly string[]): AsyncGenerator<FoundFile> {
	const { path, absolutePath, stats, target } = found;
	const excluded = isExcluded(path, options);
	const stamp = fileStamp(stats);
	const mode = Number(stats.mode & 0o7777n);
	if (stats.isDirectory()) {
		let told = path === '.';
		const self: FoundFile = { path, absolutePath, type: 'directory', mode, size: 0, stamp };
		if (!told && !excluded) {
			told = true;
			yield self;
		}
		for await (const inside of walkInside(found, options, above)) {
			// An excluded directory is there only for what is wanted below it.
			if (!told) yield self;
			told = true;
			yield inside;
		}
	} else if (excluded) {
		return;
	} else if (target !== undefined) {
		yield { path, absolutePath, type: 'symlink', mode: 0o777, size: 0, target, stamp };
	} else if (stats.isFile()) {
		const linked = stats.nlink > 1n;
		yield { path, absolutePath, type: 'file', mode, size: Number(stats.size), linked, stamp };
	} else {
		throw new ContainerBuilderError(
			'invalid-definition',
			`${path} is neither a file nor a directory nor a link (${kindOf(stats)}): it cannot be sent`,
			{ hint: 'Take it out of the directory, or name the files that are needed one by one.' },
		);
	}
}

async function* walkInside(
	{ path, absolutePath }: Look,
	options: WalkOptions,
	above: readonly string[],
): AsyncGenerator<FoundFile> {
	throwIfAborted(options.signal);
	const real = options.links === 'follow' ? await realpath(absolutePath) : absolutePath;
	if (above.includes(real)) {
		throw new ContainerBuilderError(
			'invalid-definition',
			`${path} is a link to a directory that it lies in`,
			{ hint: 'Remove the link, or name the files that are needed one by one.' },
		);
	}
	const names = await namesIn(path, absolutePath);
	const paths = names
		.map((name) => (path === '.' ? name : `${path}/${name}`))
		.filter((inside) => !isPruned(inside, options));
	const looks = mapAhead(paths, LOOKS, (inside) => look(inside, options));
	for await (const found of looks) yield* walk(found, options, [...above, real]);
}

async function namesIn(path: string, absolutePath: string): Promise<readonly string[]> {
	const names = await readdir(absolutePath, { encoding: 'buffer' }).catch((error) => {
		throw unreadable(path === '.' ? absolutePath : path, error);
	});
	return names.map((name) => text(name, `the name of ${join(path, name.toString())}`)).sort();
}

async function look(path: string, options: WalkOptions): Promise<Look> {
	const { root, links, signal } = options;
	throwIfAborted(signal);
	if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
		throw new ContainerBuilderError('invalid-definition', `the path ${path.slice(0, 80)}… is too long`, {
			hint: `A path in a context may have ${MAX_PATH_BYTES} bytes.`,
		});
	}
	const absolutePath = join(root, path);
	try {
		if (links === 'follow' || path === '.') {
			return { path, absolutePath, stats: await stat(absolutePath, { bigint: true }) };
		}
		const stats = await lstat(absolutePath, { bigint: true });
		if (!stats.isSymbolicLink()) return { path, absolutePath, stats };
		const target = await readlink(absolutePath, { encoding: 'buffer' });
		return { path, absolutePath, stats, target: text(target, `what the link ${path} points to`) };
	} catch (error) {
		throw isContainerBuilderError(error) ? error : unreadable(path === '.' ? absolutePath : path, error);
	}
}

function text(bytes: Buffer, what: string): string {
	if (isUtf8(bytes)) return bytes.toString();
	throw new ContainerBuilderError('invalid-definition', `${what} is not UTF-8`, { hint: 'Rename the file.' });
}

function isExcluded(path: string, { exclusion }: WalkOptions): boolean {
	return path !== '.' && exclusion?.excludes(path) === true;
}

/** Whether it need not even be looked at. */
function isPruned(path: string, options: WalkOptions): boolean {
	return isExcluded(path, options) && options.exclusion?.mayWantBelow(path) !== true;
}

/** What `stat` tells of a file's version. */
export function fileStamp(stats: BigIntStats): FileStamp {
	return { size: stats.size, mtimeNs: stats.mtimeNs, inode: stats.ino, device: stats.dev };
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
