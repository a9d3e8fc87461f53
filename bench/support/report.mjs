import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { quantileSorted } from 'd3-array';
import { table } from './table.mjs';

/** The machine, for a table to be read by. */
function machine() {
	const [{ model = 'unknown' } = {}] = cpus();
	return { cpus: cpus().length, model, memoryBytes: totalmem(), node: process.version };
}

/** Median, 99th percentile, least and most. */
function summary(values) {
	const sorted = Float64Array.from(values).sort();
	return {
		median: quantileSorted(sorted, 0.5),
		p99: quantileSorted(sorted, 0.99),
		min: sorted[0],
		max: sorted.at(-1),
		count: sorted.length,
	};
}

/**
 * Prints a table of sides with their figures, each as a ratio to that of `reference`, and what is to be reached. Writes all of
 * it where `json` says.
 */
export function report({ title, unit, digits = 0, sides, reference, targets = [], json }) {
	const rows = Object.entries(sides).map(([name, values]) => ({ name, ...summary(values) }));
	const base = rows.find(({ name }) => name === reference)?.median;
	const show = (value) => `${value.toFixed(digits)} ${unit}`;
	const text = table([
		[title, 'median', 'min', 'max', `of ${reference}`],
		...rows.map(({ name, median, min, max }) => [
			name,
			show(median),
			show(min),
			show(max),
			base === undefined ? '' : (median / base).toFixed(2),
		]),
	]);
	const { cpus: count, model, memoryBytes, node } = machine();
	process.stdout.write(`${text}\n`);
	const reached = targets.map(({ text: target, isReached }) => {
		const found = isReached(Object.fromEntries(rows.map((row) => [row.name, row])), base);
		process.stdout.write(`${target}: ${found ? 'kept' : 'missed'}\n`);
		return { target, isReached: found };
	});
	process.stdout.write(
		`${count} cores (${model}), ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, Node ${node}\n`,
	);
	if (json !== undefined) {
		writeFileSync(
			json,
			`${JSON.stringify({ title, unit, machine: machine(), sides, rows, reached }, undefined, '\t')}\n`,
		);
	}
}
