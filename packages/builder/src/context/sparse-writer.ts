import type { FileHandle } from 'node:fs/promises';

/** What a file system gives room for at a time; holes are made of such blocks. */
const BLOCK_BYTES = 4096;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Pieces that are being written while the next one arrives. */
const AHEAD = 8;

/** Writes a new file from its beginning to its end, and leaves a hole wherever whole blocks are zero. */
export class SparseWriter {
	readonly #file: FileHandle;
	readonly #underWay: Promise<void>[] = [];
	#position = 0;
	#written = 0;

	constructor(file: FileHandle) {
		this.#file = file;
	}

	/** Resolves when there is room for more; rejects with why something before could not be written. The bytes stay ours. */
	async write(chunk: Uint8Array): Promise<void> {
		let from = 0;
		for (let at = 0; at < chunk.length; ) {
			const end = Math.min(chunk.length, at + BLOCK_BYTES - ((this.#position + at) % BLOCK_BYTES));
			if (isZero(chunk.subarray(at, end))) {
				await this.#put(chunk.subarray(from, at), this.#position + from);
				from = end;
			}
			at = end;
		}
		await this.#put(chunk.subarray(from), this.#position + from);
		this.#position += chunk.length;
	}

	/** Resolves when all is written, and gives the file its size where it ends in a hole. */
	async finish(): Promise<void> {
		await Promise.all(this.#underWay);
		if (this.#written < this.#position) await this.#file.truncate(this.#position);
	}

	/** Resolves when nothing is being written any more, whatever became of it. */
	async settled(): Promise<void> {
		await Promise.allSettled(this.#underWay);
	}

	async #put(bytes: Uint8Array, position: number): Promise<void> {
		if (bytes.length === 0) return;
		this.#written = position + bytes.length;
		const writing = this.#write(bytes, position);
		// Whoever waits for it gets the failure.
		writing.catch(() => {});
		this.#underWay.push(writing);
		if (this.#underWay.length > AHEAD) await this.#underWay.shift();
	}

	async #write(bytes: Uint8Array, position: number): Promise<void> {
		for (let done = 0; done < bytes.length; ) {
			const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done);
			done += bytesWritten;
		}
	}
}

function isZero(bytes: Uint8Array): boolean {
	return bytes[0] === 0 && ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
