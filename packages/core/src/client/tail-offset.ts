import type { AbortOptions, Builder } from '../spec/index.js';

const NEWLINE = 0x0a;
const FIRST_WINDOW = 65_536;

/** Where the last `lines` lines begin of the output that there is at present: a byte of it. */
export async function tailOffset(
	builder: Pick<Builder, 'output'>,
	{ size, lines, signal }: { readonly size: number; readonly lines: number } & AbortOptions,
): Promise<number> {
	if (lines <= 0) return size;
	for (let window = FIRST_WINDOW; ; window *= 8) {
		const from = Math.max(0, size - window);
		const begins = await lineBegins(builder.output({ from, signal }), { from, size, most: lines });
		if (begins.length >= lines) return begins[0] ?? from;
		if (from === 0) return 0;
	}
}

/** The begins of the last `most` lines, as far as they lie behind `from`; the output goes on behind `size`. */
async function lineBegins(
	output: AsyncIterable<Uint8Array>,
	{ from, size, most }: { readonly from: number; readonly size: number; readonly most: number },
): Promise<number[]> {
	const begins: number[] = from === 0 ? [0] : [];
	let offset = from;
	if (offset >= size) return begins;
	for await (const bytes of output) {
		for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) {
			const begin = offset + at + 1;
			// A line end at the very end begins no line.
			if (begin < size) begins.push(begin);
			if (begins.length > most) begins.shift();
		}
		offset += bytes.byteLength;
		if (offset >= size) break;
	}
	return begins;
}
