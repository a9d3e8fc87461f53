import { parse } from 'csv-parse/sync';
import { UsageError } from '../../scripts/support/say.mjs';
import { arrivalColumns } from './arrivals.mjs';
import { readText } from './read-text.mjs';

/**
 * Checkouts as they were: lines of `time_seconds,build_seconds[,user[,priority]]`, with or without a line of names
 * above. Times are counted from the first.
 */
export function readTrace(path) {
	return parseTrace(readText(path), path);
}

/** The same of a text; `path` is for messages. */
export function parseTrace(text, path) {
	const records = parse(text, {
		relaxColumnCount: true,
		skipEmptyLines: true,
		trim: true,
		comment: '#',
		info: true,
	});
	if (records.length > 0 && Number.isNaN(Number(records[0].record[0]))) records.shift();
	if (records.length === 0) throw new UsageError(`${path} has no checkouts`);
	const users = new Map();
	const rows = records.map(({ record: [time, build, user = '', priority = '0'], info: { lines } }) => {
		const [seconds, buildSeconds] = [number(time), number(build)];
		if (!(buildSeconds >= 0) || Number.isNaN(seconds) || Number.isNaN(number(priority))) {
			throw new UsageError(`${path}:${lines}: must be time_seconds,build_seconds[,user[,priority]]`);
		}
		if (!users.has(user)) users.set(user, users.size);
		return {
			seconds,
			buildMs: Math.round(buildSeconds * 1_000),
			user: users.get(user),
			priority: number(priority),
		};
	});
	let first = Number.POSITIVE_INFINITY;
	for (const { seconds } of rows) first = Math.min(first, seconds);
	return arrivalColumns(
		rows.map(({ seconds, ...row }) => ({ ...row, atMs: Math.round((seconds - first) * 1_000) })),
		[...users.keys()],
	);
}

function number(text) {
	return text === undefined || text === '' ? Number.NaN : Number(text);
}
