/** The one of `known` that `word` most resembles, in any case of letters; undefined where none does. */
export function closest(word: string, known: Iterable<string>): string | undefined {
	const wanted = word.toLowerCase();
	let best: string | undefined;
	// Of two letters, one changed is another word.
	let least = (wanted.length < 3 ? 0 : Math.max(1, Math.floor(wanted.length / 3))) + 1;
	for (const candidate of known) {
		if (Math.abs(candidate.length - wanted.length) >= least) continue;
		const steps = distance(wanted, candidate.toLowerCase());
		if (steps < least) [best, least] = [candidate, steps];
	}
	return best;
}

/** `: did you mean X?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>, prefix = ''): string {
	const found = closest(word, known);
	return found === undefined ? '' : `: did you mean ${prefix}${found}?`;
}

/** How many letters must be changed, put in, left out, or swapped with their neighbour. */
function distance(a: string, b: string): number {
	let before: number[] = [];
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1];
			const steps = [(row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1)];
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
			if (swapped) steps.push((before[j - 2] ?? 0) + 1);
			next.push(Math.min(...steps));
		}
		[before, row] = [row, next];
	}
	return row[b.length] ?? 0;
}
