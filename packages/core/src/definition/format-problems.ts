import type { DefinitionProblem } from './definition-types.js';

/** A line `FILE:LINE:COLUMN: error: message` (or `warning:`) for each problem, as compilers and linters write it. */
export function formatProblems(fileName: string, problems: readonly DefinitionProblem[]): readonly string[] {
	return problems.map(
		({ severity, message, position: { line, column } }) =>
			`${fileName}:${line}:${column}: ${severity}: ${message}`,
	);
}
