import { stripVTControlCharacters } from 'node:util';

/** The longest that is told. */
const MAX_LENGTH = 500;

/** `sh -x`, by which Apptainer runs `%post`, shows a command like this; `++` is one within another. */
const TRACED = /^\+ (\S.*)$/;
/** Buildah names the instruction that failed; quotation marks within it stand as they are. */
const BUILDAH_STEP = /\bbuilding at STEP "(.*)": /;

/** The command that a line of a backend's output shows, or undefined. */
export function commandOfLine(line: string): string | undefined {
	const text = stripVTControlCharacters(line);
	const command = BUILDAH_STEP.exec(text)?.[1] ?? TRACED.exec(text)?.[1];
	if (command === undefined || command.length <= MAX_LENGTH) return command;
	return `${command.slice(0, MAX_LENGTH - 1)}…`;
}
