import { formatDuration } from './duration.mjs';

const BAR = 24;

/** The table of a sweep, one line a reserve, for a terminal. */
export function reportTable(results) {
	const days = (result) => Math.max(result.durationMs, 1) / 86_400_000;
	const widest = Math.max(...results.map(({ waitMs }) => waitMs.p95 ?? 0), 1);
	const rows = results.map((result) => [
		String(result.reserve),
		formatDuration(result.waitMs.p50),
		formatDuration(result.waitMs.p95),
		formatDuration(result.waitMs.p99),
		formatDuration(result.waitMs.max),
		`${(Math.floor(result.atOnce * 1_000) / 10).toFixed(1)} %`,
		(result.builderHours.total / days(result)).toFixed(1),
		(result.builderHours.idle / days(result)).toFixed(1),
		`${(result.utilisation * 100).toFixed(0)} %`,
		String(result.peakBuilders),
		...(results.length > 1 ? [bar((result.waitMs.p95 ?? 0) / widest)] : []),
	]);
	const names = ['reserve', 'p50', 'p95', 'p99', 'max', 'at once', 'hours/day', 'idle/day', 'used', 'peak'];
	if (results.length > 1) names.push('p95');
	const widths = names.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
	const isChart = (column) => column === 10;
	const line = (cells) =>
		cells
			.map((cell, column) => (isChart(column) ? cell : cell.padStart(widths[column])))
			.join('  ')
			.trimEnd();
	return [line(names), ...rows.map(line)].join('\n');
}

/** What else is worth saying of the runs, a line each. */
export function remarks(results) {
	const lines = [];
	const some = (read, text) => {
		const counts = results.map(read);
		if (counts.every((count) => count === 0)) return;
		const isSame = counts.every((count) => count === counts[0]);
		const byReserve = results.map(({ reserve }, index) => `${reserve}: ${counts[index]}`);
		lines.push(isSame ? `${text}: ${counts[0]}` : `${text}, by reserve: ${byReserve.join(', ')}`);
	};
	some(({ failures }) => failures, 'machines that failed');
	some(({ refusals }) => refusals, 'creates refused for quota');
	some(({ failed }) => failed, 'checkouts failed');
	some(({ waiting }) => waiting, 'checkouts never served');
	some(({ cutShort }) => cutShort, 'builds cut short by deadline or lifetime');
	for (const { reserve, users } of results) {
		const worst = users.slice(0, 3).map(({ user, p95 }) => `${user || 'nobody'} ${formatDuration(p95)}`);
		if (worst.length > 0) lines.push(`longest p95 of a user with reserve ${reserve}: ${worst.join(', ')}`);
	}
	return lines;
}

/** Which reserve meets the goal, and at what cost. */
export function goalLine(results, goalMs) {
	const name = `p95 < ${formatDuration(goalMs)}`;
	const found = results.find(({ waitMs }) => waitMs.p95 < goalMs);
	if (found === undefined) return `${name}: none of these reserves is enough`;
	const perDay = (hours) => (hours * 86_400_000) / Math.max(found.durationMs, 1);
	const { idle, total } = found.builderHours;
	const [least] = results;
	const more = total / least.builderHours.total - 1;
	const compared =
		found === least
			? ''
			: `; in all ${(more * 100).toFixed(0)} % more builder-hours than with reserve ${least.reserve}`;
	return `${name}: reserve ${found.reserve}, which idles ${perDay(idle).toFixed(1)} builder-hours a day${compared}`;
}

function bar(share) {
	const eighths = Math.round(share * BAR * 8);
	return '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
}
