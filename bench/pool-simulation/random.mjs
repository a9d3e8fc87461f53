import { randomExponential, randomLogNormal } from 'd3-random';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * Random numbers from 0 up to 1, always the same for a seed and a name. What is drawn for one thing has a name of its
 * own, so that two runs differ only in what was changed between them.
 */
export function randomSource(seed, name) {
	let state = seed | 0;
	for (const character of name) state = Math.imul(state ^ character.codePointAt(0), 0x01000193);
	const generator = xoroshiro128plus(state);
	return () => uniformFloat64(generator);
}

/** Milliseconds between events that come `perMs` a millisecond on average, at any time alike. */
export function exponentialSampler(perMs, source) {
	return randomExponential.source(source)(perMs);
}

/** Whole milliseconds with a log-normal distribution; always the median where `sigma` is 0. */
export function durationSampler({ medianMs, sigma }, source) {
	if (sigma === 0 || medianMs === 0) return () => Math.round(medianMs);
	const sample = randomLogNormal.source(source)(Math.log(medianMs), sigma);
	return () => Math.round(sample());
}
