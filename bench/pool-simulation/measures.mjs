import { mean, quantileSorted, rollups } from 'd3-array';

const HOUR_MS = 3_600_000;
const PERCENTS = Array.from({ length: 101 }, (_, percent) => percent);

/** What is counted while a simulation runs. Builders before the first checkout may come do not count. */
export class Measures {
	served = 0;
	failed = 0;
	launches = 0;
	failures = 0;
	refusals = 0;
	unused = 0;
	cutShort = 0;
	decisions = 0;
	peak = 0;
	peakWaiting = 0;
	#stateMs = { creating: 0, booting: 0, ready: 0, leased: 0, failed: 0, destroying: 0 };
	#waitMs;

	constructor(checkouts) {
		this.#waitMs = new Float64Array(checkouts).fill(Number.NaN);
	}

	granted(checkout, waitMs) {
		this.served++;
		this.#waitMs[checkout] = waitMs;
	}

	/** A builder was in `state` from `sinceMs` until `untilMs`. */
	spent(state, sinceMs, untilMs) {
		this.#stateMs[state] += Math.max(0, untilMs) - Math.max(0, sinceMs);
	}

	/** Plain data; times in milliseconds unless their names say otherwise. */
	summary({ arrivals, waiting, durationMs }) {
		const waits = this.#waitMs.filter((ms) => !Number.isNaN(ms)).sort();
		const { served, failed, launches, failures, refusals, unused, cutShort, decisions } = this;
		const hours = Object.fromEntries(
			Object.entries(this.#stateMs).map(([state, ms]) => [state, ms / HOUR_MS]),
		);
		const totalHours = Object.values(hours).reduce((sum, one) => sum + one, 0);
		const quantile = (share) => quantileSorted(waits, share);
		return {
			arrivals: arrivals.length,
			served,
			waiting,
			failed,
			waitMs: {
				mean: mean(waits),
				p50: quantile(0.5),
				p95: quantile(0.95),
				p99: quantile(0.99),
				max: waits.at(-1),
			},
			percentiles: PERCENTS.map((percent) => quantile(percent / 100)),
			atOnce: waits.length === 0 ? Number.NaN : countUpTo(waits, 0) / waits.length,
			builderHours: { total: totalHours, idle: hours.ready, ...hours },
			utilisation: totalHours === 0 ? 0 : hours.leased / totalHours,
			peakBuilders: this.peak,
			peakWaiting: this.peakWaiting,
			durationMs,
			launches,
			failures,
			refusals,
			unused,
			cutShort,
			decisions,
			users: arrivals.users.length > 1 ? this.#byUser(arrivals) : [],
		};
	}

	/** The 95th percentile of each user's waits, the longest first. */
	#byUser({ user, users }) {
		const served = Array.from(user.keys()).filter((checkout) => !Number.isNaN(this.#waitMs[checkout]));
		const p95 = (list) =>
			quantileSorted(Float64Array.from(list, (checkout) => this.#waitMs[checkout]).sort(), 0.95);
		return rollups(
			served,
			(list) => ({ served: list.length, p95: p95(list) }),
			(checkout) => user[checkout],
		)
			.map(([index, measured]) => ({ user: users[index], ...measured }))
			.sort((first, second) => second.p95 - first.p95);
	}
}

function countUpTo(sorted, value) {
	let [low, high] = [0, sorted.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (sorted[middle] <= value) low = middle + 1;
		else high = middle;
	}
	return low;
}
