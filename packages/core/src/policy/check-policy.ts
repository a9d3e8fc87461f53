import { ContainerBuilderError } from '../spec/index.js';
import { localTime, WEEKDAYS } from './local-time.js';
import { minuteOfDay } from './period-clock.js';
import type { PolicyPeriod, PoolPolicy } from './pool-policy.js';

type Numbers = Pick<PoolPolicy, 'max' | 'reserve' | 'scaleFactor' | 'maxReserve'>;

/** Throws `invalid-option` where a policy cannot be kept; the message names the field. */
export function checkPolicy(policy: PoolPolicy): void {
	checkNumbers(policy, '');
	checkReserve(policy, policy, '');
	checkCount(policy.createConcurrency, 'createConcurrency', 1);
	checkCount(policy.launchRetries, 'launchRetries', 0);
	checkTime(policy.maxReserveAgeMs, 'maxReserveAgeMs');
	if (policy.createRate !== undefined) {
		checkCount(policy.createRate.count, 'createRate.count', 1);
		checkTime(policy.createRate.perMs, 'createRate.perMs');
	}
	for (const [index, period] of (policy.periods ?? []).entries()) {
		const at = `periods[${index}].`;
		checkNumbers(period, at);
		checkReserve(period, policy, at);
		checkWindow(period, at);
	}
}

function checkNumbers({ max, reserve, scaleFactor, maxReserve }: Numbers, at: string): void {
	checkCount(max, `${at}max`, 1);
	checkCount(reserve, `${at}reserve`, 0);
	checkCount(maxReserve, `${at}maxReserve`, 0);
	if (scaleFactor !== undefined && !(Number.isFinite(scaleFactor) && scaleFactor >= 0)) {
		throw invalid(`${at}scaleFactor must be a number from 0 on, not ${scaleFactor}`);
	}
}

/** What is on together with a period can only lower its reserve; what it says by itself must make sense. */
function checkReserve({ max, reserve, maxReserve }: Numbers, base: Numbers, at: string): void {
	if (reserve === undefined) return;
	const most = max ?? base.max ?? 4;
	const ceiling = maxReserve ?? base.maxReserve ?? most;
	if (reserve > most) throw invalid(`${at}reserve is ${reserve}, larger than max, which is ${most}`);
	if (reserve > ceiling) {
		throw invalid(`${at}reserve is ${reserve}, larger than maxReserve, which is ${ceiling}`);
	}
}

function checkWindow({ days, from, to, timezone }: PolicyPeriod, at: string): void {
	const begin = checkMoment(from, `${at}from`);
	const end = checkMoment(to, `${at}to`);
	if (begin === 1440) throw invalid(`${at}from is 24:00: write 00:00 and the day after`);
	if (begin === end) {
		throw invalid(`${at}from and to are both ${from}`, 'The whole day is from 00:00 to 24:00.');
	}
	if (days?.length === 0) throw invalid(`${at}days is empty`, 'Leave it out for every day.');
	for (const day of days ?? []) {
		if (WEEKDAYS.includes(day)) continue;
		throw invalid(
			`${at}days has ${JSON.stringify(day)}, which is no day`,
			`Days are ${WEEKDAYS.join(', ')}.`,
		);
	}
	try {
		if (typeof timezone !== 'string') throw new RangeError('no text');
		localTime(timezone, 0);
	} catch (cause) {
		throw invalid(
			`${at}timezone is ${JSON.stringify(timezone)}, which is no time zone`,
			'Use a name of the IANA database, such as Europe/Berlin or UTC.',
			cause,
		);
	}
}

function checkMoment(text: string, what: string): number {
	const minute = minuteOfDay(text);
	if (minute !== undefined) return minute;
	throw invalid(`${what} must be a time like '08:00', not ${JSON.stringify(text)}`);
}

function checkCount(value: number | undefined, what: string, least: number): void {
	if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
	throw invalid(`${what} must be a whole number from ${least} on, not ${value}`);
}

function checkTime(value: number | undefined, what: string): void {
	if (value === undefined || (Number.isFinite(value) && value > 0)) return;
	throw invalid(`${what} must be milliseconds, more than 0, not ${value}`);
}

function invalid(message: string, hint?: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint, cause });
}
