import { localTime, WEEKDAYS } from './local-time.js';
import type { PolicyPeriod } from './pool-policy.js';

/** Minutes since midnight of `HH:MM`, at most 1440; undefined where it is no time. */
export function minuteOfDay(text: string): number | undefined {
	const match = /^(\d{2}):(\d{2})$/.exec(text);
	if (match === null) return undefined;
	const [hour, minute] = [Number(match[1]), Number(match[2])];
	const total = hour * 60 + minute;
	return minute < 60 && total <= 1440 ? total : undefined;
}

/** Whether a period is on. The period has been checked. */
export function isOn(period: PolicyPeriod, epochMs: number): boolean {
	const { day, minute } = localTime(period.timezone, epochMs);
	const [from = 0, to = 0] = [minuteOfDay(period.from), minuteOfDay(period.to)];
	const begins = (weekday: number): boolean => {
		const name = WEEKDAYS[weekday % 7];
		return name !== undefined && (period.days?.includes(name) ?? true);
	};
	if (from < to) return begins(day) && from <= minute && minute < to;
	return (begins(day) && from <= minute) || (begins(day + 6) && minute < to);
}
