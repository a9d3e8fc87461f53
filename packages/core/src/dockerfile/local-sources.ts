import type { Add, Argument, Copy } from 'dockerfile-ast';
import type { Position } from '../definition/definition-types.js';
import { positionOf } from './position-of.js';

/** A source of a `COPY` or `ADD` that comes from the context, as it is written. */
export interface WrittenSource {
	readonly text: string;
	readonly position: Position;
}

/** The sources of a `COPY` or `ADD` that come from the context. */
export function localSources(instruction: Copy | Add): readonly WrittenSource[] {
	const strings = jsonSources(instruction);
	const isJson = instruction.getClosingBracket() !== null && strings.length > 0;
	const { line } = instruction.getInstructionRange().start;
	const words = instruction.getArguments();
	const heredoc = words.some((word) => word.getValue().startsWith('<<'));
	// What stands below the line of a here-document is its content.
	const own = heredoc ? words.filter((word) => word.getRange().start.line === line) : words;
	const remote = instruction.getKeyword() === 'ADD' ? /^(?:<<|https?:\/\/|git:\/\/|ssh:\/\/|git@)/i : /^<</;
	return (isJson ? strings : own.map(asWritten)).slice(0, -1).filter(({ text }) => !remote.test(text));
}

/** The parser finds each of them, but leaves out the spaces in it. */
function jsonSources(instruction: Copy | Add): readonly WrittenSource[] {
	const text = /\[.*\]/s.exec(instruction.getRawArgumentsContent() ?? '')?.[0].replace(/\\\r?\n/g, '');
	const values: unknown = parsed(text ?? '');
	return instruction.getJSONStrings().map((string, index) => {
		const value: unknown = Array.isArray(values) ? values[index] : undefined;
		return {
			text: typeof value === 'string' ? value : string.getJSONValue(),
			position: positionOf(string.getJSONRange().start),
		};
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function asWritten(word: Argument): WrittenSource {
	return { text: word.getValue(), position: positionOf(word.getRange().start) };
}
