import type { Finding } from '../doctor/finding.js';

const MARKS = { ok: 'ok', warning: 'warning', problem: 'PROBLEM' } as const;

/** What `cb-doctor` prints: a line for each finding, what mends it below, and the upshot. */
export function showFindings(findings: readonly Finding[]): string {
	const lines = findings.flatMap(({ name, status, detail, remedy }) => [
		`${MARKS[status].padEnd(9)}${name}: ${detail}`,
		...(remedy === undefined ? [] : [`${' '.repeat(9)}  ${remedy}`]),
	]);
	const problems = findings.filter(({ status }) => status === 'problem').length;
	const upshot =
		problems === 0
			? 'Builds can run here.'
			: `${problems} ${problems === 1 ? 'problem stops' : 'problems stop'} builds here.`;
	return `${[...lines, '', upshot].join('\n')}\n`;
}
