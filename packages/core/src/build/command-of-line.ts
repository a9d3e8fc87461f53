import { stripVTControlCharacters } from 'node:util';

/** The longest that is told. */
const MAX_LENGTH = 500;

/** `sh -x`, by which Apptainer runs `%post`, shows a command like this; `++` is one within another. */
const TRACED = /^\+ (\S.*)$/;
/** Buildah names the instruction that failed, quoted as Go quotes. */
const BUILDAH_STEP = /\bbuilding at STEP ("(?:[^"\\]|\\.)*")/;

/** The command that a line of a backend's output shows, or undefined. */
export function commandOfLine(line: string): string | undefined {
	const text = stripVTControlCharacters(line);
	const quoted = BUILDAH_STEP.exec(text)?.[1];
	const command = quoted === undefined ? TRACED.exec(text)?.[1] : unquoted(quoted);
	if (command === undefined || command.length <= MAX_LENGTH) return command;
	return `${command.slice(0, MAX_LENGTH - 1)}…`;
}

/** Go's escapes are JSON's, but for a few that no instruction needs. */
function unquoted(quoted: string): string {
	try {
		return JSON.parse(quoted);
	} catch {
		return quoted.slice(1, -1);
	}
}
