import { arrivalColumns } from '../arrivals.mjs';

/** Everything takes a fixed time: 5 s to create, 25 s to boot, 10 s to destroy. */
export function scenario(policy = {}, more = {}) {
	return {
		seed: 1,
		// A Monday.
		startEpochMs: Date.parse('2026-01-05T00:00:00Z'),
		warmUpMs: 600_000,
		createMs: { medianMs: 5_000, sigma: 0 },
		bootMs: { medianMs: 25_000, sigma: 0 },
		destroyMs: { medianMs: 10_000, sigma: 0 },
		launchFailures: 0,
		bootTimeoutMs: 120_000,
		vanish: 0,
		idleMs: 60_000,
		lifetimeMs: 86_400_000,
		deadlineMs: 14_400_000,
		quota: undefined,
		policy: { max: 10, createConcurrency: 10, ...policy },
		...more,
	};
}

/** Checkouts at these seconds, each with a build of `buildSeconds`. */
export function checkouts(seconds, buildSeconds = 60, more = () => ({})) {
	const rows = seconds.map((second, index) => ({
		atMs: second * 1_000,
		buildMs: buildSeconds * 1_000,
		...more(index),
	}));
	return arrivalColumns(rows);
}
