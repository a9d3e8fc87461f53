import { nice, ticks } from 'd3-array';

const WIDTH = 640;
const PANEL = 200;
const MARGIN = { left: 64, right: 24, top: 36, bottom: 48 };

/** An SVG of a sweep: waiting and idle builder-hours by reserve; of a single run: waiting by percentile. */
export function chart(results, { goalMs, title }) {
	const seconds = (ms) => (ms ?? 0) / 1_000;
	if (results.length === 1) {
		const points = results[0].percentiles.map((ms, percent) => [percent, seconds(ms)]);
		return page(title, [
			panel({
				name: 'waiting, s',
				across: 'percentile of checkouts',
				points,
				goal: goalMs && goalMs / 1_000,
			}),
		]);
	}
	const idle = (result) => (result.builderHours.idle * 86_400_000) / Math.max(result.durationMs, 1);
	const points = (read) => results.map((result) => [result.reserve, read(result)]);
	return page(title, [
		panel({
			name: '95th percentile of waiting, s',
			points: points(({ waitMs }) => seconds(waitMs.p95)),
			goal: goalMs && goalMs / 1_000,
		}),
		panel({ name: 'idle builder-hours a day', across: 'reserve', points: points(idle) }),
	]);
}

function page(title, panels) {
	const height = panels.length * PANEL + (panels.length - 1) * MARGIN.top + MARGIN.bottom;
	const placed = panels.map(
		(body, index) => `<g transform="translate(0 ${index * (PANEL + MARGIN.top)})">${body}</g>`,
	);
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
${placed.join('\n')}
</svg>
`;
}

function panel({ name, across, points, goal }) {
	const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, PANEL];
	const [first, last] = [points[0][0], points.at(-1)[0]];
	const [, most] = nice(0, Math.max(...points.map(([, value]) => value), goal ?? 0, 1e-3), 5);
	const x = (value) => round(left + ((value - first) / (last - first)) * (right - left));
	const y = (value) => round(bottom - (value / most) * (bottom - top));
	const grid = ticks(0, most, 5).map(
		(value) =>
			`<path d="M${left} ${y(value)}H${right}" stroke="#ddd"/><text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
	);
	const marks = ticks(first, last, 10)
		.filter(Number.isInteger)
		.map((value) => `<text x="${x(value)}" y="${bottom + 18}" text-anchor="middle">${value}</text>`);
	const line = points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ');
	const dots =
		points.length > 50
			? []
			: points.map(([at, value]) => `<circle cx="${x(at)}" cy="${y(value)}" r="3" fill="#05c"/>`);
	return [
		`<text x="${left}" y="${top - 12}" font-weight="bold">${escaped(name)}</text>`,
		...grid,
		...marks,
		...(across === undefined
			? []
			: [
					`<text x="${(left + right) / 2}" y="${bottom + 38}" text-anchor="middle">${escaped(across)}</text>`,
				]),
		...(goal === undefined
			? []
			: [
					`<path d="M${left} ${y(goal)}H${right}" stroke="#c30" stroke-dasharray="5 4"/><text x="${left + 6}" y="${y(goal) - 5}" fill="#c30">goal</text>`,
				]),
		`<polyline points="${line}" fill="none" stroke="#05c" stroke-width="2"/>`,
		...dots,
	].join('\n');
}

function round(value) {
	return Math.round(value * 10) / 10;
}

function escaped(text) {
	return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
