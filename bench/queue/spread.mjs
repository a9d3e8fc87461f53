import { quantileSorted } from 'd3-array';

/** What is said of many figures. */
export function spread(values) {
	const sorted = Float64Array.from(values).sort();
	const [p50, p99] = [0.5, 0.99].map((share) => quantileSorted(sorted, share) ?? null);
	return { count: sorted.length, p50, p99, max: sorted.at(-1) ?? null };
}
