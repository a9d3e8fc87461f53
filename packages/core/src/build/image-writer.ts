import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, readdir, rename, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
	ContainerBuilderError,
	type Format,
	type ImageStream,
	isContainerBuilderError,
} from '../spec/index.js';
import { type ImageTarget, imageExists } from './image-target.js';
import { imageWriteError } from './image-write-error.js';

/** A partial file that nobody has written to for so long belongs to a process that was killed. */
const STALE_PARTIAL_MS = 24 * 3_600_000;

/** What `writeImage` takes beside the bytes. */
export interface WriteImageOptions {
	readonly format: Format;
	readonly onProgress?: ((receivedBytes: number) => void) | undefined;
}

/**
 * Brings an image to where it goes. A file is written beside its final name, verified, and only then given that name;
 * whatever fails, nothing is left. Rejects with `digest-mismatch`, `image-write`, `image-exists` (somebody was
 * faster), and with what the stream rejects with.
 */
export async function writeImage(
	image: ImageStream,
	target: Exclude<ImageTarget, { kind: 'none' }>,
	options: WriteImageOptions,
): Promise<void> {
	if (target.kind === 'stream') return await writeToStream(image, target.writable, options);
	const { realPath } = target;
	const partial = `${realPath}.${randomBytes(6).toString('hex')}.partial`;
	await removeStalePartials(realPath);
	await checkSpace(dirname(realPath), image.size);
	const writing = { path: realPath };
	// The kernel takes the umask off the mode, which no other way tells without changing it.
	const handle = await open(partial, 'wx', options.format === 'sif' ? 0o755 : 0o666).catch((error) => {
		throw imageWriteError(realPath, error);
	});
	try {
		try {
			await receive(image, options, (bytes) => writeAll(handle, bytes, writing));
			await handle.sync().catch(fail(writing));
		} finally {
			await handle.close();
		}
		await publish(partial, target);
	} catch (error) {
		await unlink(partial).catch(() => {});
		throw error;
	}
}

/** Passes the bytes on, hashing them meanwhile: one write is under way while the next frame arrives. */
async function receive(
	image: ImageStream,
	{ onProgress }: WriteImageOptions,
	write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
	const hash = createHash('sha256');
	let size = 0;
	let writing: Promise<void> = Promise.resolve();
	for await (const bytes of image.chunks) {
		hash.update(bytes);
		size += bytes.byteLength;
		if (size > image.size) break;
		await writing;
		onProgress?.(size);
		writing = write(bytes);
		writing.catch(() => {});
	}
	await writing;
	const sha256 = hash.digest('hex');
	if (size === image.size && sha256 === image.sha256) return;
	throw new ContainerBuilderError(
		'digest-mismatch',
		`the image arrived as ${size} bytes with SHA-256 ${sha256}, not as ${image.size} bytes with ${image.sha256}`,
	);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: { readonly path: string }): Promise<void> {
	for (let done = 0; done < bytes.byteLength; ) {
		const { bytesWritten } = await handle.write(bytes, done).catch(fail(at));
		done += bytesWritten;
	}
}

async function publish(partial: string, target: Extract<ImageTarget, { kind: 'file' }>): Promise<void> {
	const { realPath, force, path } = target;
	if (force) await rename(partial, realPath).catch(fail({ path: realPath }));
	else {
		await linkNew(partial, realPath).catch((error) => {
			if (errorCode(error) === 'EEXIST') throw imageExists(path);
			throw imageWriteError(realPath, error);
		});
	}
	await syncDirectory(dirname(realPath));
}

/** Gives a file its final name only where nothing has that name, also when two do it at once. */
async function linkNew(partial: string, path: string): Promise<void> {
	try {
		await link(partial, path);
		await unlink(partial);
	} catch (error) {
		if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error))) throw error;
		// A file system without hard links: the name is taken by an empty file for a moment.
		await (await open(path, 'wx')).close();
		await rename(partial, path);
	}
}

async function syncDirectory(path: string): Promise<void> {
	const handle = await open(path, 'r').catch(() => undefined);
	await handle?.sync().catch(() => {});
	await handle?.close();
}

async function checkSpace(directory: string, size: number): Promise<void> {
	const found = await statfs(directory).catch(() => undefined);
	if (found === undefined || found.blocks === 0 || found.bavail * found.bsize >= size) return;
	throw new ContainerBuilderError(
		'image-write',
		`cannot write the image in ${directory}: it has ${size} bytes, and there is space for ${found.bavail * found.bsize}`,
		{ hint: 'Free some space there, or name another place for the image.' },
	);
}

async function removeStalePartials(path: string): Promise<void> {
	const prefix = `${basename(path)}.`;
	const names = await readdir(dirname(path)).catch(() => []);
	for (const name of names) {
		if (!name.startsWith(prefix) || !/^[0-9a-f]{12}\.partial$/.test(name.slice(prefix.length))) continue;
		const stale = join(dirname(path), name);
		const found = await lstat(stale).catch(() => undefined);
		if (!found?.isFile() || found.uid !== process.getuid?.()) continue;
		if (Date.now() - found.mtimeMs > STALE_PARTIAL_MS) await unlink(stale).catch(() => {});
	}
}

async function writeToStream(
	image: ImageStream,
	writable: WritableStream<Uint8Array>,
	options: WriteImageOptions,
): Promise<void> {
	const writer = writable.getWriter();
	writer.closed.catch(() => {});
	try {
		await receive(image, options, async (bytes) => {
			await writer.ready;
			await writer.write(bytes);
		});
		await writer.close();
	} catch (error) {
		await writer.abort(error).catch(() => {});
		if (isContainerBuilderError(error)) throw error;
		throw new ContainerBuilderError('image-write', 'the stream that the image went to failed', {
			cause: error,
		});
	}
}

function fail({ path }: { readonly path: string }): (error: unknown) => never {
	return (error) => {
		throw imageWriteError(path, error);
	};
}

function errorCode(error: unknown): string {
	return error instanceof Error && 'code' in error ? String(error.code) : '';
}
