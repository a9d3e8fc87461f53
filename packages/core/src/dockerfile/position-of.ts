import type { Position } from '../definition/definition-types.js';

/** Where the parser, which counts from 0, found something. */
export function positionOf({
	line,
	character,
}: {
	readonly line: number;
	readonly character: number;
}): Position {
	return { line: line + 1, column: character + 1 };
}
