/** From so many bytes on, pieces are handed on as one chunk. */
const CHUNK_BYTES = 2 ** 19;

/** Puts pieces together to chunks, and leaves out what comes before some offset. */
export class Packer {
	#skip: number;
	#pieces: Uint8Array[] = [];
	#size = 0;

	constructor(from: number) {
		this.#skip = from;
	}

	/** Whether something is still to be left out. */
	get skipping(): boolean {
		return this.#skip > 0;
	}

	/** Whether the next `size` bytes are all left out; then they count as given. */
	skips(size: number): boolean {
		if (this.#skip < size) return false;
		this.#skip -= size;
		return true;
	}

	*add(bytes: Uint8Array): Generator<Uint8Array> {
		const left = bytes.subarray(Math.min(this.#skip, bytes.byteLength));
		this.#skip -= bytes.byteLength - left.byteLength;
		if (left.byteLength === 0) return;
		this.#pieces.push(left);
		this.#size += left.byteLength;
		if (this.#size >= CHUNK_BYTES) yield* this.rest();
	}

	*rest(): Generator<Uint8Array> {
		const [only] = this.#pieces;
		if (only === undefined) return;
		yield this.#pieces.length === 1 ? only : Buffer.concat(this.#pieces, this.#size);
		this.#pieces = [];
		this.#size = 0;
	}
}
