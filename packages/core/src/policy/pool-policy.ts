/** A day on which a {@link PolicyPeriod} begins. */
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** At most `count` machines are begun within any `perMs` milliseconds. */
export interface CreateRate {
	/** From 1 on. */
	readonly count: number;
	/** Milliseconds, more than 0. */
	readonly perMs: number;
}

/** A window of time in which other numbers hold. It may reach over midnight: `from: '22:00', to: '06:00'`. */
export interface PolicyPeriod {
	/** On which it begins. @default all */
	readonly days?: readonly Weekday[] | undefined;
	/** `HH:MM` on the clocks of the time zone. Where a change of the clocks skips it, the moment of that change. */
	readonly from: string;
	/** `HH:MM`, itself outside the window; `24:00` is the day's end. */
	readonly to: string;
	/** A name of the IANA database: `Europe/Berlin`, `UTC`. */
	readonly timezone: string;
	readonly max?: number | undefined;
	readonly reserve?: number | undefined;
	readonly scaleFactor?: number | undefined;
	readonly maxReserve?: number | undefined;
}

/** How many builders a pool has, and when it makes and renews them. All times are in milliseconds. */
export interface PoolPolicy {
	/** Off: nothing is made, what is leased ends in peace, all else is given up. @default true */
	readonly enabled?: boolean | undefined;
	/** Most builders that exist at a time, in whatever state. From 1 on. @default 4 */
	readonly max?: number | undefined;
	/** Builders to have ready before anybody asks. At most `max`. @default 0 */
	readonly reserve?: number | undefined;
	/** For each leased builder so many more in reserve, rounded up in total. @default 0 */
	readonly scaleFactor?: number | undefined;
	/** What the reserve never exceeds, however many are leased. @default max */
	readonly maxReserve?: number | undefined;
	/**
	 * Builders in reserve that were asked for longer ago are replaced. Well above the time that one takes to boot.
	 * @default never
	 */
	readonly maxReserveAgeMs?: number | undefined;
	/** Most machines being made at a time. From 1 on. @default 2 */
	readonly createConcurrency?: number | undefined;
	/** @default no bound */
	readonly createRate?: CreateRate | undefined;
	/**
	 * How many launches in a row may fail on the machine's side (`machine-failed`, `boot-timeout`, `enrolment-failed`)
	 * before those who wait are failed instead of waiting on. A provider that is not there, or full, never counts.
	 * @default 5
	 */
	readonly launchRetries?: number | undefined;
	/** Where several are on, the last one that names a number decides it. @default none */
	readonly periods?: readonly PolicyPeriod[] | undefined;
}
