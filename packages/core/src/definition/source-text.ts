import type { Position } from './definition-types.js';

/** A stretch of text that was put in the place of another. */
interface Replacement {
	/** Offset in the new text. */
	readonly start: number;
	readonly length: number;
	/** Offset in the original. */
	readonly originalStart: number;
	readonly originalLength: number;
}

/** A text in which places may have been replaced, that still knows where everything stood in the original. */
export class SourceText {
	readonly text: string;
	readonly #lineStarts: readonly number[];
	/** Offset of the original text's part in the whole file. */
	readonly #base: number;
	readonly #replacements: readonly Replacement[];

	private constructor(
		text: string,
		lineStarts: readonly number[],
		base: number,
		replacements: readonly Replacement[],
	) {
		this.text = text;
		this.#lineStarts = lineStarts;
		this.#base = base;
		this.#replacements = replacements;
	}

	/** The whole of a file. */
	static of(text: string): SourceText {
		const lineStarts = [0];
		for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
		return new SourceText(text, lineStarts, 0, []);
	}

	/** A part of an original text. */
	slice(start: number, end: number): SourceText {
		if (this.#replacements.length > 0) throw new TypeError('only an original text can be cut');
		return new SourceText(this.text.slice(start, end), this.#lineStarts, this.#base + start, []);
	}

	/** The text with places replaced; `places` are in order and do not overlap. */
	replace(
		places: readonly { readonly start: number; readonly end: number; readonly text: string }[],
	): SourceText {
		const parts: string[] = [];
		const replacements: Replacement[] = [];
		let done = 0;
		let length = 0;
		for (const { start, end, text } of places) {
			length += start - done;
			parts.push(this.text.slice(done, start), text);
			replacements.push({
				start: length,
				length: text.length,
				originalStart: start,
				originalLength: end - start,
			});
			length += text.length;
			done = end;
		}
		parts.push(this.text.slice(done));
		return new SourceText(parts.join(''), this.#lineStarts, this.#base, replacements);
	}

	/** Where the character at `offset` stood in the file; for a replaced one, where the replaced place began. */
	position(offset: number): Position {
		const original = this.#base + this.#original(offset);
		let low = 0;
		let high = this.#lineStarts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >>> 1;
			if ((this.#lineStarts[middle] ?? 0) <= original) low = middle;
			else high = middle - 1;
		}
		return { line: low + 1, column: original - (this.#lineStarts[low] ?? 0) + 1 };
	}

	#original(offset: number): number {
		let shift = 0;
		for (const { start, length, originalStart, originalLength } of this.#replacements) {
			if (offset < start) break;
			if (offset < start + length) return originalStart;
			shift += originalLength - length;
		}
		return offset + shift;
	}
}
