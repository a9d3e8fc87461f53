import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ImageDigest } from '@olcf/container-builder-core';
import { Bell } from '../build/bell.js';

/** How much a watcher reads from the file at a time. */
const READ_BYTES = 256 * 1024;

/**
 * The output of a build: a file, which alone is the truth, and any number of watchers that read it from any
 * offset. What is appended never waits for a watcher.
 */
export class OutputLog {
	readonly #file: FileHandle;
	readonly #hash = createHash('sha256');
	readonly #bell = new Bell();
	#size = 0;
	#end: ImageDigest | undefined;

	private constructor(file: FileHandle) {
		this.#file = file;
	}

	static async create(path: string): Promise<OutputLog> {
		return new OutputLog(await open(path, 'wx+', 0o600));
	}

	/** Bytes that watchers can read now. */
	get size(): number {
		return this.#size;
	}

	/** Size and digest of all, once nothing more will come. */
	get end(): ImageDigest | undefined {
		return this.#end;
	}

	/** Appends; resolves when the bytes are in the file. Not to be called again before that. */
	async append(chunk: Uint8Array): Promise<void> {
		for (let done = 0; done < chunk.length; ) {
			const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, this.#size);
			this.#hash.update(chunk.subarray(done, done + bytesWritten));
			done += bytesWritten;
			this.#size += bytesWritten;
			this.#bell.ring();
		}
	}

	/** Nothing more will come. Idempotent. */
	finish(): void {
		if (this.#end) return;
		this.#end = { size: this.#size, sha256: this.#hash.digest('hex') };
		this.#bell.ring();
	}

	/** The bytes from `from` on, following until `finish`. A chunk is good until the next one is asked for. */
	async *read(from: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
		let buffer = Buffer.allocUnsafeSlow(4096);
		for (let position = from; ; ) {
			const available = this.#size - position;
			if (available <= 0) {
				if (this.#end) return;
				await this.#bell.wait(signal);
				continue;
			}
			const wanted = Math.min(available, READ_BYTES);
			if (buffer.length < wanted) buffer = Buffer.allocUnsafeSlow(READ_BYTES);
			const { bytesRead } = await this.#file.read(buffer, 0, wanted, position);
			position += bytesRead;
			yield buffer.subarray(0, bytesRead);
		}
	}

	/** The last bytes, at most `size` of them. */
	async tail(size: number): Promise<Buffer> {
		const length = Math.min(size, this.#size);
		const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, this.#size - length);
		return buffer.subarray(0, bytesRead);
	}

	/** Lets go of the file; watchers must be gone. */
	async close(): Promise<void> {
		await this.#file.close();
	}
}
