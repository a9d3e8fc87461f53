import { stripVTControlCharacters } from 'node:util';
import type { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** `error: …`, `hint: …`, with `debug` the causes too. Without control characters; further lines are indented. */
export function describeError(error: ContainerBuilderError, options: { readonly debug: boolean }): string[] {
	const lines = labelled('error: ', error.message);
	if (error.hint !== undefined) lines.push(...labelled('hint: ', error.hint));
	if (options.debug) lines.push(...causes(error));
	return lines;
}

/** As many lines of the output are repeated. */
const REPEATED_LINES = 10;

/** The last lines of a build's output as they are repeated under it. */
export function describeLastOutput(lines: readonly string[]): string[] {
	const shown = lines.map((line) => stripVTControlCharacters(line.split('\r').filter(Boolean).at(-1) ?? ''));
	while (shown.at(-1)?.trim() === '') shown.pop();
	shown.splice(0, shown.length - REPEATED_LINES);
	return shown.length === 0
		? []
		: ['Last lines of the output:', ...shown.map((line) => `  | ${line}`.trimEnd())];
}

/** Several mistakes at a time stand below one another. */
function labelled(label: string, text: string): string[] {
	const lines = stripVTControlCharacters(text)
		.trim()
		.split(/\s*\n\s*/);
	return lines.map((line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line);
}

function causes(error: Error): string[] {
	const lines = [`debug: ${error.stack ?? error.message}`];
	let cause = error.cause;
	for (let depth = 0; cause !== undefined && depth < 8; depth++) {
		lines.push(`debug: caused by ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
		cause = cause instanceof Error ? cause.cause : undefined;
	}
	return lines;
}
