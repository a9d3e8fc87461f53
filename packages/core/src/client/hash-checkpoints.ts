import { createHash, type Hash } from 'node:crypto';

/** Bytes between two checkpoints. */
const INTERVAL = 16 * 2 ** 20;

/** A SHA-256 over a stream that may have to be taken up again at an earlier byte. */
export class HashCheckpoints {
	readonly #kept: { readonly offset: number; readonly hash: Hash }[] = [
		{ offset: 0, hash: createHash('sha256') },
	];

	/** The last kept state at or before `offset`: where the stream has to be read again from. */
	before(offset: number): { readonly offset: number; readonly hash: Hash } {
		const found = this.#kept.findLast((point) => point.offset <= offset) ?? this.#kept[0];
		if (found === undefined) throw new TypeError('there is always the state at byte 0');
		return { offset: found.offset, hash: found.hash.copy() };
	}

	/** Keeps the state at `offset` where it is far enough from the last one. */
	keep(offset: number, hash: Hash): void {
		const last = this.#kept.at(-1)?.offset ?? 0;
		if (offset - last >= INTERVAL) this.#kept.push({ offset, hash: hash.copy() });
	}
}
