import { stripVTControlCharacters } from 'node:util';
import type { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** `error: …`, `hint: …`, with `debug` the causes too. One line each, without control characters. */
export function describeError(error: ContainerBuilderError, options: { readonly debug: boolean }): string[] {
	const lines = [`error: ${oneLine(error.message)}`];
	if (error.hint !== undefined) lines.push(`hint: ${oneLine(error.hint)}`);
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

function oneLine(text: string): string {
	return stripVTControlCharacters(text)
		.trim()
		.replace(/\s*\n\s*/g, ' / ');
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
