import { stripVTControlCharacters } from 'node:util';
import type { CheckReport } from '../index.js';
import { formatSize } from './format-size.js';

const KINDS = { apptainer: 'Apptainer definition file', dockerfile: 'Dockerfile' } as const;

/** A line `FILE:LINE:COLUMN: error: …` for each problem, as linters print them; then what the build would need. */
export function describeCheck(report: CheckReport): string {
	const { fileName, kind, problems, bases, secrets, context } = report;
	const errors = problems.filter(({ severity }) => severity === 'error').length;
	const lines = problems.flatMap(({ severity, message, hint, position }) => [
		`${[fileName, ...(position === undefined ? [] : [position.line, position.column])].join(':')}: ${severity}: ${message}`,
		...(hint === undefined ? [] : [`  hint: ${hint}`]),
	]);
	const facts = [
		...bases.map(({ reference, login }) => `base: ${reference}${login ? ' (with your login)' : ''}`),
		...secrets.map((id) => `secret: ${id}`),
		...(context === undefined
			? []
			: context.entries === 0
				? ['local files: none']
				: [`local files: ${count(context.entries, 'entry', 'entries')}, ${formatSize(context.size)}`]),
	];
	const found = [
		...(errors === 0 ? [] : [count(errors, 'error')]),
		...(problems.length === errors ? [] : [count(problems.length - errors, 'warning')]),
	];
	const summary = `${fileName}: ${KINDS[kind]}, ${found.join(', ') || 'no problems'}`;
	return [...lines, ...facts, summary, ''].map((line) => stripVTControlCharacters(line)).join('\n');
}

function count(number: number, one: string, many = `${one}s`): string {
	return `${number} ${number === 1 ? one : many}`;
}
