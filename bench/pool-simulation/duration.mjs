const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a length of time like `500ms`, `90s`, `4h`; undefined where it is none. */
export function parseDuration(text) {
	const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(text));
	return match === null ? undefined : Math.round(Number(match[1]) * UNITS[match[2]]);
}

/** A length of time for people. */
export function formatDuration(ms) {
	if (ms === undefined || Number.isNaN(ms)) return '-';
	if (ms < 1_000) return `${Math.round(ms)} ms`;
	const unit = ms < 120_000 ? 's' : ms < 7_200_000 ? 'm' : ms < 172_800_000 ? 'h' : 'd';
	const names = { s: 's', m: 'min', h: 'h', d: 'd' };
	return `${(ms / UNITS[unit]).toFixed(1)} ${names[unit]}`;
}
