import { activePolicy } from './active-policy.js';
import { localTime } from './local-time.js';
import { minuteOfDay } from './period-clock.js';
import type { PolicyPeriod, PoolPolicy } from './pool-policy.js';

const MINUTE_MS = 60_000;
const WEEK_MINUTES = 7 * 1440;
/** Each window comes within a week, or within two where a change of the clocks skips it once. */
const HORIZON_MS = 15 * 1440 * MINUTE_MS;

/**
 * When another policy will be in force than at `epochMs`; both in milliseconds since 1970. Undefined where nothing
 * changes any more. Throws `invalid-option` where the policy cannot be kept.
 */
export function nextPolicyChange(policy: PoolPolicy, epochMs: number): number | undefined {
	const active = activePolicy(policy, epochMs);
	const { periods = [] } = policy;
	if (periods.length === 0) return undefined;
	const now = JSON.stringify(active);
	for (let at = epochMs; at < epochMs + HORIZON_MS; ) {
		at = Math.min(...periods.map((period) => nextEdge(period, at)));
		if (JSON.stringify(activePolicy(policy, at)) !== now) return at;
	}
	return undefined;
}

/** The next moment behind `epochMs` at which a period may begin or end. */
function nextEdge({ from, to, timezone }: PolicyPeriod, epochMs: number): number {
	// The clocks of all time zones differ by whole minutes.
	const start = Math.floor(epochMs / MINUTE_MS) * MINUTE_MS;
	const { minute } = localTime(timezone, start);
	const ahead = [from, to].map((text) => (((minuteOfDay(text) ?? 0) - minute + 1440 - 1) % 1440) + 1);
	const shown = weekMinute(timezone, start);
	const isSteady = (minutes: number): boolean =>
		weekMinute(timezone, start + minutes * MINUTE_MS) === (shown + minutes) % WEEK_MINUTES;
	const edge = Math.min(...ahead);
	if (isSteady(edge)) return start + edge * MINUTE_MS;
	// The clocks are changed before: that moment is to be looked at by itself.
	let [steady, changed] = [0, edge];
	while (changed - steady > 1) {
		const middle = Math.floor((steady + changed) / 2);
		if (isSteady(middle)) steady = middle;
		else changed = middle;
	}
	return start + changed * MINUTE_MS;
}

function weekMinute(timezone: string, epochMs: number): number {
	const { day, minute } = localTime(timezone, epochMs);
	return day * 1440 + minute;
}
