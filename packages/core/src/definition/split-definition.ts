import { APP_SECTIONS, SECTIONS } from './definition-rules.js';
import type { DefinitionProblem, DefinitionSection } from './definition-types.js';
import { didYouMean } from './did-you-mean.js';
import { errorAt, warningAt } from './problem.js';
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

/**
 * Where the stages of a definition begin: at each `Bootstrap:` in the first column, whatever is around it. What stands
 * before is a stage too if it has a `Bootstrap:` that is written otherwise.
 */
export function splitStages(source: SourceText): {
	readonly before: SourceText;
	readonly stages: SourceText[];
} {
	const starts = [...source.text.matchAll(/^bootstrap:/gim)].map(({ index }) => index);
	const first = source.text.slice(0, starts[0] ?? source.text.length).split(/^[ \t]*%/m, 1)[0] ?? '';
	if (/^[ \t]*bootstrap[ \t]*:/im.test(first)) starts.unshift(0);
	const stages = starts.map((start, index) => source.slice(start, starts[index + 1] ?? source.text.length));
	return { before: source.slice(0, starts[0] ?? source.text.length), stages };
}

/** A section that knows where in the stage's text its body begins. */
export type LocatedSection = DefinitionSection & { readonly bodyOffset: number };

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
		if (typeof section !== 'string') {
			problems.push(...twice(section, sections));
			sections.push(section);
		} else {
			const column = line.text.indexOf('%');
			problems.push(errorAt(source.position(line.start + column), section));
		}
	}
	return { header: lines.slice(0, heads[0] ?? lines.length), sections, problems };
}

/** apptainer adds a section to an earlier one of its name; for `%files`, that is what anybody expects. */
function twice(section: LocatedSection, earlier: readonly LocatedSection[]): DefinitionProblem[] {
	const { name, app, argument, position } = section;
	const first = earlier.find((other) => other.name === name && other.app === app);
	if (first === undefined || name === 'files' || name === 'appfiles') return [];
	const title = app === undefined ? `%${name}` : `%${name} ${app}`;
	const differs =
		app === undefined && argument !== '' && argument !== first.argument
			? `, all of it run with ${argument}`
			: '';
	const message = `${title} stands in line ${first.position.line} already: this is added to it${differs}`;
	return [warningAt(position, message)];
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
		if (app === '') return `%${name} needs the name of an app: %${name} NAME`;
		if (/^\s/.test(argument)) return `between %${name} and ${app} must stand one space, no more`;
		return { ...common, app };
	}
	if (SECTIONS.has(name)) return common;
	const [first = ''] = name.split(/\s/);
	if (/\s/.test(word) && (SECTIONS.has(first) || APP_SECTIONS.has(first))) {
		return `after %${first} must come a space, not a tab`;
	}
	return `there is no section %${word}${didYouMean(name, [...SECTIONS, ...APP_SECTIONS], '%')}`;
}
