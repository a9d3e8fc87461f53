const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `90s`, `30m`, `1.5h`; a bare number is seconds. Undefined where it is none of these, or 0. */
export function parseDuration(text: string): number | undefined {
	const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
	if (match === null) return undefined;
	const unit = (match[2] ?? 's') as keyof typeof UNITS;
	const milliseconds = Math.round(Number(match[1]) * UNITS[unit]);
	return milliseconds > 0 && Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}
