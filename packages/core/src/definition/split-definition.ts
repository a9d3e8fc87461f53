import { APP_SECTIONS, SECTIONS } from './definition-rules.js';
import type { DefinitionProblem, DefinitionSection } from './definition-types.js';
import type { SourceText } from './source-text.js';

/** A line with the offset at which it begins. */
export interface Line {
	readonly text: string;
	readonly start: number;
}

/** The lines of a text, without their ends. */
export function linesOf(text: string, start = 0): Line[] {
	let at = start;
	const lines = text.split('\n').map((line) => {
		const found = { text: line.replace(/\r$/, ''), start: at };
		at += line.length + 1;
		return found;
	});
	if (lines.at(-1)?.text === '') lines.pop();
	return lines;
}

/** Where the stages of a definition begin: at each `Bootstrap:` in the first column, whatever is around it. */
export function splitStages(source: SourceText): {
	readonly before: SourceText;
	readonly stages: SourceText[];
} {
	const starts = [...source.text.matchAll(/^bootstrap:/gim)].map(({ index }) => index);
	const stages = starts.map((start, index) => source.slice(start, starts[index + 1] ?? source.text.length));
	return { before: source.slice(0, starts[0] ?? source.text.length), stages };
}

/** A section that knows where in the stage's text its body begins. */
type LocatedSection = DefinitionSection & { readonly bodyOffset: number };

/** A stage taken apart: the lines of its header, and its sections. */
export interface SplitStage {
	readonly header: readonly Line[];
	readonly sections: readonly LocatedSection[];
	readonly problems: readonly DefinitionProblem[];
}

/** Cuts a stage at each line whose first word begins with `%`. */
export function splitSections(source: SourceText): SplitStage {
	const lines = linesOf(source.text);
	const heads = lines.flatMap((line, index) => (/^\s*%/.test(line.text) ? [index] : []));
	const problems: DefinitionProblem[] = [];
	const sections: LocatedSection[] = [];
	for (const [order, head] of heads.entries()) {
		const line = lines[head];
		if (line === undefined) continue;
		const next = lines[heads[order + 1] ?? lines.length];
		const bodyStart = Math.min(
			line.start + source.text.slice(line.start).search(/\n|$/) + 1,
			source.text.length,
		);
		const body = source.text.slice(bodyStart, next?.start ?? source.text.length);
		const section = readSection(source, line, body, bodyStart);
		if (typeof section !== 'string') sections.push(section);
		else {
			const column = line.text.indexOf('%');
			problems.push({ message: section, position: source.position(line.start + column) });
		}
	}
	return { header: lines.slice(0, heads[0] ?? lines.length), sections, problems };
}

function readSection(
	source: SourceText,
	line: Line,
	body: string,
	bodyStart: number,
): LocatedSection | string {
	if (/^\s/.test(line.text)) {
		return `${line.text.trim().split(/\s/)[0]} is indented: apptainer takes a line that begins with % for a section, and refuses one that is indented`;
	}
	const [, word = '', argument = ''] = /^%+([^ ]*) ?(.*)$/.exec(line.text) ?? [];
	const name = word.toLowerCase();
	const common = {
		name,
		argument: argument.trim(),
		body,
		position: source.position(line.start),
		bodyPosition: source.position(bodyStart),
		bodyOffset: bodyStart,
	};
	if (APP_SECTIONS.has(name)) {
		const app = argument.trim().split(/\s+/)[0] ?? '';
		if (word !== name) return `%${word} must be written in lower case: %${name}`;
		return app === '' ? `%${name} needs the name of an app` : { ...common, app };
	}
	if (SECTIONS.has(name)) return common;
	if (/\s/.test(word)) return `after %${word.split(/\s/)[0]} must come a space, not a tab`;
	return `there is no section %${word}`;
}
