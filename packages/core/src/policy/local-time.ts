import type { Weekday } from './pool-policy.js';

/** What the clocks of a time zone show. */
export interface LocalTime {
	/** 0 is Monday. */
	readonly day: number;
	/** Since midnight. */
	readonly minute: number;
}

/** In the order of {@link LocalTime.day}. */
export const WEEKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Making one takes longer than all that is done with it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of `timezone` show at a moment. Throws `RangeError` where there is no such time zone. */
export function localTime(timezone: string, epochMs: number): LocalTime {
	let format = formats.get(timezone);
	if (format === undefined) {
		format = new Intl.DateTimeFormat('en-US', {
			timeZone: timezone,
			weekday: 'short',
			hour: '2-digit',
			minute: '2-digit',
			hourCycle: 'h23',
		});
		formats.set(timezone, format);
	}
	let day = 0;
	let minute = 0;
	for (const { type, value } of format.formatToParts(epochMs)) {
		if (type === 'weekday') day = WEEKDAYS.indexOf(value.toLowerCase() as Weekday);
		else if (type === 'hour') minute += Number(value) * 60;
		else if (type === 'minute') minute += Number(value);
	}
	return { day, minute };
}
