import { FEWEST_CLIENTS } from './fewest-clients.mjs';

/** Milliseconds from a builder's being ready until whoever is next has it, for 99 of 100. */
const HAND_OUT_MS = 50;
/** Bytes of the queue for a client that waits. */
const CLIENT_BYTES = 60_000;

/** What a queue is to keep, and whether each run has kept it; undefined where none can tell. */
export function targets(results) {
	const kept = (limit, runs, read) =>
		runs.length === 0 ? undefined : runs.every((run) => read(run) <= limit);
	const long = results.filter(({ waiting }) => waiting >= FEWEST_CLIENTS);
	return [
		{
			name: `hand-out p99 <= ${HAND_OUT_MS} ms`,
			kept: kept(HAND_OUT_MS, results, ({ steady }) => steady.handOutMs.p99),
		},
		{
			name: `memory of a client that waits <= ${CLIENT_BYTES / 1_000} kB`,
			kept: kept(CLIENT_BYTES, long, ({ line }) => line.queueMemory.rss),
		},
	];
}
