import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { ContainerBuilderError } from '../spec/index.js';
import { type FoundFile, fileStamp, unreadable } from './walk-files.js';

/** Most bytes that are read at a time. */
const READ_BYTES = 2 ** 20;

/** SHA-256 of a file that must still be what it was when it was found. */
export async function digestFile(file: FoundFile, signal: AbortSignal | undefined): Promise<string> {
	const { path, size } = file;
	const handle = await open(file.absolutePath, 'r').catch((error) => {
		throw unreadable(path, error);
	});
	try {
		const hash = createHash('sha256');
		let read = 0;
		for await (const chunk of readChunks(handle, size)) {
			throwIfAborted(signal);
			hash.update(chunk);
			read += chunk.byteLength;
		}
		if (read !== size) throw changed(path);
		await checkStamp(handle, file);
		return hash.digest('hex');
	} finally {
		await handle.close();
	}
}

/** The bytes of a file that must still be what it was when its digest was taken. */
export async function* readFile(file: FoundFile, sha256: string | undefined): AsyncGenerator<Uint8Array> {
	const hash = createHash('sha256');
	let size = 0;
	const handle = await open(file.absolutePath, 'r').catch((error) => {
		throw changed(file.path, error);
	});
	try {
		await checkStamp(handle, file);
		for await (const chunk of readChunks(handle, file.size)) {
			size += chunk.byteLength;
			if (size > file.size) throw changed(file.path);
			hash.update(chunk);
			yield chunk;
		}
		if (size !== file.size || hash.digest('hex') !== sha256) throw changed(file.path);
	} finally {
		await handle.close();
	}
}

/** The bytes of a file that should have `size` of them, and what comes behind; one chunk is read while the last is used. */
async function* readChunks(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
	// Room for one byte more, so that the end is seen. Not used again: who gets it may still be sending it.
	const roomAt = (position: number): number => Math.min(READ_BYTES, Math.max(size - position, 0) + 1);
	const readAt = (position: number): Promise<Uint8Array> => {
		const room = roomAt(position);
		const reading = handle
			.read(Buffer.allocUnsafe(room), 0, room, null)
			.then(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead));
		// Whoever waits for it gets the failure.
		reading.catch(() => {});
		return reading;
	};
	let reading = readAt(0);
	try {
		for (let position = 0; ; ) {
			const chunk = await reading;
			if (chunk.byteLength === 0) return;
			const isLast = position + chunk.byteLength === size && chunk.byteLength < roomAt(position);
			position += chunk.byteLength;
			if (!isLast) reading = readAt(position);
			yield chunk;
			if (isLast) return;
		}
	} finally {
		// Nobody closes the file under it.
		await reading.catch(() => {});
	}
}

async function checkStamp(handle: FileHandle, { path, stamp }: FoundFile): Promise<void> {
	const now = fileStamp(await handle.stat({ bigint: true }));
	if (
		now.size !== stamp.size ||
		now.mtimeNs !== stamp.mtimeNs ||
		now.inode !== stamp.inode ||
		now.device !== stamp.device
	)
		throw changed(path);
}

function changed(path: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('source-changed', `${path} changed while it was being sent`, {
		cause,
		hint: 'Build again when nothing writes to it, or leave it out of the context.',
	});
}
