const SHORTEST_MS = 250;
const LONGEST_MS = 2_000;
/** A line up to here is short. */
export const SHORT_LINE = 100;

/** How often those in line are told of their places: the more there are, the more seldom. Milliseconds. */
export function tellingInterval(waiting: number): number {
	return Math.min(LONGEST_MS, SHORTEST_MS * Math.max(1, waiting / SHORT_LINE));
}
