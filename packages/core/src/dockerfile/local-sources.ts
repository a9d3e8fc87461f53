import type { Add, Copy } from 'dockerfile-ast';

/** The sources of a `COPY` or `ADD` that come from the context, as they are written. */
export function localSources(instruction: Copy | Add): readonly string[] {
	const strings = instruction.getJSONStrings().map((string) => string.getJSONValue());
	const isJson = instruction.getClosingBracket() !== null && strings.length > 0;
	const { line } = instruction.getInstructionRange().start;
	const words = instruction.getArguments().map((argument) => ({ argument, text: argument.getValue() }));
	const heredoc = words.some(({ text }) => text.startsWith('<<'));
	// What stands below the line of a here-document is its content.
	const own = heredoc ? words.filter(({ argument }) => argument.getRange().start.line === line) : words;
	const all = isJson ? strings : own.map(({ text }) => text);
	const remote = instruction.getKeyword() === 'ADD' ? /^(?:<<|https?:\/\/|git:\/\/|ssh:\/\/|git@)/i : /^<</;
	return all.slice(0, -1).filter((source) => !remote.test(source));
}
