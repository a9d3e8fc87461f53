import { UsageError } from '../../scripts/support/say.mjs';
import { parseDuration } from './duration.mjs';

/** Reads the value of an option; each throws a `UsageError` that names the option and what it may be. */
export const read = {
	count: (least) => (name, text) => {
		const value = Number(text);
		return Number.isSafeInteger(value) && value >= least
			? value
			: refuse(name, text, `a whole number from ${least} on`);
	},
	share: (name, text) => {
		const value = text === '' ? Number.NaN : Number(text);
		return value >= 0 && value <= 1 ? value : refuse(name, text, 'a number from 0 to 1');
	},
	factor: (name, text) => {
		const value = text === '' ? Number.NaN : Number(text);
		return value >= 0 && value < Number.POSITIVE_INFINITY ? value : refuse(name, text, 'a number from 0 on');
	},
	duration: (name, text) =>
		parseDuration(text) ?? refuse(name, text, 'a length of time such as 90s, 30m or 4h'),
	/** `MEDIAN[:SIGMA]` of a log-normal distribution. */
	distribution: (name, text) => {
		const [median, sigma = '0'] = text.split(':');
		const medianMs = parseDuration(median);
		const number = sigma === '' ? Number.NaN : Number(sigma);
		if (medianMs !== undefined && number >= 0) return { medianMs, sigma: number };
		return refuse(name, text, 'MEDIAN[:SIGMA], such as 4m:1');
	},
	/** `30/h`, per hour. */
	perHour: (name, text) => {
		const match = /^(\d+(?:\.\d+)?)\/([smhd])$/.exec(text);
		const value = match === null ? 0 : (Number(match[1]) * 3_600_000) / parseDuration(`1${match[2]}`);
		return value > 0 ? value : refuse(name, text, 'a rate such as 30/h or 2/m');
	},
	/** `10/1m`. */
	createRate: (name, text) => {
		const [count, per] = String(text).split('/');
		const perMs = parseDuration(per);
		if (/^[1-9]\d*$/.test(count) && perMs > 0) return { count: Number(count), perMs };
		return refuse(name, text, 'COUNT/TIME, such as 10/1m');
	},
	/** `20@6h`. */
	burst: (name, text) => {
		const [size, every] = text.split('@');
		const everyMs = parseDuration(every);
		if (/^[1-9]\d*$/.test(size) && everyMs > 0) return { size: Number(size), everyMs };
		return refuse(name, text, 'SIZE@TIME, such as 20@6h');
	},
	/** `3`, or `0..20`, or `0..20:5`: a list. */
	counts: (name, text) => {
		const match = /^(\d+)(?:\.\.(\d+)(?::([1-9]\d*))?)?$/.exec(text);
		const values = [];
		if (match !== null) {
			const [first, last = first, step = 1] = match.slice(1).map((part) => part && Number(part));
			for (let value = first; value <= last; value += step) values.push(value);
		}
		return values.length > 0 ? values : refuse(name, text, 'a number, or a range such as 0..20 or 0..20:5');
	},
	moment: (name, text) => {
		const epochMs = Date.parse(text);
		return Number.isNaN(epochMs) ? refuse(name, text, 'a date such as 2026-01-05T00:00:00Z') : epochMs;
	},
	choice: (choices) => (name, text) =>
		choices.includes(text) ? text : refuse(name, text, `one of ${choices.join(', ')}`),
};

function refuse(name, text, what) {
	throw new UsageError(`${name} must be ${what}, not ${JSON.stringify(text)}`);
}
