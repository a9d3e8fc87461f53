import type { FakeSpan } from './fake-script.js';

/** Numbers from 0 to 1 that follow from the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Picks a value; draws a number in any case, so that what follows does not depend on this one. */
export function pickSpan(span: FakeSpan | undefined, random: () => number): number | undefined {
	const drawn = random();
	if (span === undefined || typeof span === 'number') return span;
	return span[0] + drawn * (span[1] - span[0]);
}
