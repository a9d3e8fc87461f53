import { durationSampler, exponentialSampler, randomSource } from './random.mjs';

const BURST_SPREAD_MS = 60_000;
/** Hours of a working day, UTC. */
const [MORNING, EVENING] = [8, 18];

/**
 * Columns that threads can share: when each checkout comes, how long its build takes (milliseconds), its user and its
 * priority (higher goes first).
 */
export function arrivalColumns(rows, users = []) {
	const sorted = rows.toSorted((first, second) => first.atMs - second.atMs);
	const column = (Type, read) => {
		const values = new Type(new SharedArrayBuffer(sorted.length * Type.BYTES_PER_ELEMENT));
		for (let index = 0; index < sorted.length; index++) values[index] = read(sorted[index]);
		return values;
	};
	return {
		length: sorted.length,
		users,
		atMs: column(Float64Array, ({ atMs }) => atMs),
		buildMs: column(Float64Array, ({ buildMs }) => buildMs),
		priority: column(Float64Array, ({ priority }) => priority ?? 0),
		user: column(Int32Array, ({ user }) => user ?? 0),
	};
}

/**
 * Draws checkouts: a Poisson process, thinned outside working hours where `profile` says so, and bursts of many at a
 * time. Until there are `count`, or until `durationMs`.
 */
export function drawArrivals({
	seed,
	startEpochMs,
	count,
	durationMs,
	perHour,
	profile,
	night,
	burst,
	build,
}) {
	const nextMs = exponentialSampler(perHour / 3_600_000, randomSource(seed, 'arrivals'));
	const keep = randomSource(seed, 'profile');
	const spread = randomSource(seed, 'bursts');
	const nextBurstMs = burst && exponentialSampler(1 / burst.everyMs, randomSource(seed, 'burst times'));
	const limitMs = durationMs ?? Number.POSITIVE_INFINITY;
	const times = [];
	let at = nextMs();
	let burstAt = nextBurstMs?.() ?? Number.POSITIVE_INFINITY;
	while (times.length < (count ?? Number.POSITIVE_INFINITY) && Math.min(at, burstAt) < limitMs) {
		if (burstAt < at) {
			for (let index = 0; index < burst.size; index++) times.push(burstAt + spread() * BURST_SPREAD_MS);
			burstAt += nextBurstMs();
			continue;
		}
		const share = profile === 'working-hours' && !isWorkingHour(startEpochMs + at) ? night : 1;
		if (share === 1 || keep() < share) times.push(at);
		at += nextMs();
	}
	const buildMs = durationSampler(build, randomSource(seed, 'builds'));
	times.sort((first, second) => first - second);
	return arrivalColumns(times.slice(0, count).map((ms) => ({ atMs: Math.round(ms), buildMs: buildMs() })));
}

function isWorkingHour(epochMs) {
	const date = new Date(epochMs);
	const [day, hour] = [date.getUTCDay(), date.getUTCHours()];
	return day >= 1 && day <= 5 && hour >= MORNING && hour < EVENING;
}
