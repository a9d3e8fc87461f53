import { ContainerBuilderError, type ContainerBuilderErrorOptions } from '../spec/index.js';
import type { DefinitionProblem } from './definition-types.js';

/** The error of code `invalid-definition` with a line `FILE:LINE:COLUMN: message` for each problem that is an error. */
export function definitionError(
	fileName: string,
	problems: readonly DefinitionProblem[],
	options?: ContainerBuilderErrorOptions,
): ContainerBuilderError {
	const lines = problems
		.filter(({ severity }) => severity === 'error')
		.map(({ message, position }) => `${fileName}:${position.line}:${position.column}: ${message}`);
	return new ContainerBuilderError('invalid-definition', lines.join('\n'), options);
}
