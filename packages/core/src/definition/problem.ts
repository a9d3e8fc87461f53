import type { DefinitionProblem, Position } from './definition-types.js';

/** Something that refuses the build. */
export function errorAt(position: Position, message: string): DefinitionProblem {
	return { severity: 'error', message, position };
}

/** Something that is told, while the build goes on. */
export function warningAt(position: Position, message: string): DefinitionProblem {
	return { severity: 'warning', message, position };
}
