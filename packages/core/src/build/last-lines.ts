/** Bytes of output that are kept for their lines. */
const KEPT_BYTES = 65_536;
const KEPT_PARTS = 1024;

/** Remembers the last lines of a stream of bytes. */
export class LastLines {
	readonly #limit: number;
	#parts: Uint8Array[] = [];
	#size = 0;

	constructor(limit = 20) {
		this.#limit = limit;
	}

	push(bytes: Uint8Array): void {
		this.#parts.push(bytes);
		this.#size += bytes.byteLength;
		if (this.#size <= 2 * KEPT_BYTES && this.#parts.length <= KEPT_PARTS) return;
		const tail = Buffer.concat(this.#parts).subarray(-KEPT_BYTES);
		this.#parts = [Buffer.from(tail)];
		this.#size = tail.byteLength;
	}

	/** The lines without their ends; of one that was overwritten by carriage returns what was seen last. */
	lines(): readonly string[] {
		return this.#lines().slice(-this.#limit).map(lastSeen);
	}

	/** The last line that `wanted` says something of, and what; of all that is kept, which is more than `lines` gives. */
	findLast<T>(wanted: (line: string) => T | undefined): T | undefined {
		for (const line of this.#lines().toReversed()) {
			const found = wanted(lastSeen(line));
			if (found !== undefined) return found;
		}
		return undefined;
	}

	#lines(): string[] {
		const lines = Buffer.concat(this.#parts).subarray(-KEPT_BYTES).toString('utf8').split('\n');
		if (lines.at(-1) === '') lines.pop();
		return lines;
	}
}

function lastSeen(line: string): string {
	const ended = line.endsWith('\r') ? line.slice(0, -1) : line;
	return ended.slice(ended.lastIndexOf('\r') + 1);
}
