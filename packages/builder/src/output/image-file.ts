import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import {
	type AbortOptions,
	ContainerBuilderError,
	type ImageDigest,
	throwIfAborted,
} from '@olcf/container-builder-core';

/** Bytes of one frame of an image. */
const CHUNK_BYTES = 1024 * 1024;

/** An image that was written, held open: what was hashed is what is served. */
export class ImageFile {
	readonly digest: ImageDigest;
	readonly #file: FileHandle;

	private constructor(file: FileHandle, digest: ImageDigest) {
		this.#file = file;
		this.digest = digest;
	}

	/**
	 * Opens the image and hashes it. Rejects with `backend-failed` where there is none, and with `size-limit` where
	 * it is larger than `maxBytes`.
	 */
	static async open(path: string, options: { readonly maxBytes: number } & AbortOptions): Promise<ImageFile> {
		// The build's user could have put anything there: no link is followed, no pipe waited for.
		const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
		const file = await open(path, flags).catch((cause: unknown) => {
			throw new ContainerBuilderError('backend-failed', 'the backend ended well but has written no image', {
				cause,
				retryable: false,
			});
		});
		try {
			const found = await file.stat();
			if (!found.isFile()) {
				throw new ContainerBuilderError('backend-failed', 'what the backend has written is not a file', {
					retryable: false,
				});
			}
			if (found.size > options.maxBytes) {
				throw new ContainerBuilderError(
					'size-limit',
					`the image has ${found.size} bytes, more than the ${options.maxBytes} allowed`,
				);
			}
			const hash = createHash('sha256');
			for await (const chunk of chunks(file, 0, found.size, options.signal)) hash.update(chunk);
			return new ImageFile(file, { size: found.size, sha256: hash.digest('hex') });
		} catch (error) {
			await file.close();
			throw error;
		}
	}

	/** The bytes from `from` on. A chunk is good until the next one is asked for. */
	read(from: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
		return chunks(this.#file, from, this.digest.size, signal);
	}

	async close(): Promise<void> {
		await this.#file.close();
	}
}

/** Reads one chunk ahead, with two buffers in turn, so that memory is flat whatever the size. */
async function* chunks(
	file: FileHandle,
	from: number,
	size: number,
	signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
	if (from >= size) return;
	const bufferBytes = Math.min(CHUNK_BYTES, size - from);
	const buffers = [Buffer.allocUnsafeSlow(bufferBytes), Buffer.allocUnsafeSlow(bufferBytes)] as const;
	const readAt = async (position: number, buffer: Buffer): Promise<Uint8Array> => {
		const { bytesRead } = await file.read(buffer, 0, Math.min(bufferBytes, size - position), position);
		if (bytesRead === 0) throw new ContainerBuilderError('transfer-failed', 'the image became shorter');
		return buffer.subarray(0, bytesRead);
	};
	let next: Promise<Uint8Array> | undefined = readAt(from, buffers[0]);
	try {
		for (let position = from, turn = 1; next !== undefined; turn ^= 1) {
			throwIfAborted(signal);
			const chunk: Uint8Array = await next;
			position += chunk.length;
			next = position < size ? readAt(position, buffers[turn as 0 | 1]) : undefined;
			yield chunk;
		}
	} finally {
		await next?.catch(() => {});
	}
}
