import { checkHeader } from './check-header.js';
import { isHeaderKey } from './definition-rules.js';
import type {
	DefinitionProblem,
	DefinitionStage,
	FileCopy,
	ParsedDefinition,
	Position,
} from './definition-types.js';
import { didYouMean } from './did-you-mean.js';
import { parseArguments } from './parse-arguments.js';
import { parseFiles } from './parse-files.js';
import { parseHeader } from './parse-header.js';
import { errorAt } from './problem.js';
import { SourceText } from './source-text.js';
import { splitSections, splitStages } from './split-definition.js';
import { substituteArguments } from './substitute-arguments.js';

/** Options of {@link parseDefinition}. */
export interface ParseDefinitionOptions {
	/** Values for `{{ NAME }}`; they go before the defaults of `%arguments`. */
	readonly arguments?: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads an Apptainer definition file by the rules of apptainer 1.4, template arguments filled in. Never throws:
 * everything that is wrong is in `problems`, in the order of the text.
 */
export function parseDefinition(text: string, options: ParseDefinitionOptions = {}): ParsedDefinition {
	const values = new Map(Object.entries(options.arguments ?? {}));
	const used = new Set<string>();
	const problems: DefinitionProblem[] = [];
	const whole = SourceText.of(text);
	const { before, stages: parts } = splitStages(whole);
	problems.push(...checkBefore(before, parts.length));

	const stages: DefinitionStage[] = [];
	for (const part of parts) {
		const raw = splitSections(part);
		const { defaults, problems: argumentProblems } = parseArguments(raw.sections, part);
		problems.push(...argumentProblems);
		const filled = substituteArguments(part, values, defaults);
		for (const name of filled.used) used.add(name);
		problems.push(...filled.problems);
		const stage = parseStage(filled.source, defaults);
		problems.push(...stage.problems);
		problems.push(...checkStages(stage.stage, stages));
		stages.push(stage.stage);
	}
	problems.sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
	return { definition: { stages, usedArguments: used }, problems };
}

function parseStage(
	source: SourceText,
	defaults: ReadonlyMap<string, string>,
): { readonly stage: DefinitionStage; readonly problems: readonly DefinitionProblem[] } {
	const { header, sections, problems } = splitSections(source);
	const { fields, problems: headerProblems } = parseHeader(source, header);
	const found = [...problems, ...headerProblems, ...checkHeader(fields)];
	const files: FileCopy[] = [];
	for (const section of sections) {
		if (section.name !== 'files' && section.name !== 'appfiles') continue;
		const start = section.bodyOffset;
		const parsed = parseFiles(section, (offset) => source.position(start + offset));
		files.push(...parsed.files);
		found.push(...parsed.problems);
	}
	const name = fields.get('stage')?.value;
	return {
		stage: {
			...(name === undefined ? {} : { name }),
			bootstrap: fields.get('bootstrap')?.value ?? '',
			header: fields,
			sections: sections.map(({ bodyOffset: _, ...section }) => section),
			files,
			defaults,
			position: source.position(0),
		},
		problems: found,
	};
}

/** Copies from stages that are not there, and names given twice. */
function checkStages(stage: DefinitionStage, earlier: readonly DefinitionStage[]): DefinitionProblem[] {
	const names = new Set(earlier.flatMap(({ name }) => name ?? []));
	const problems: DefinitionProblem[] = [];
	const field = stage.header.get('stage');
	if (field !== undefined && names.has(field.value)) {
		problems.push(errorAt(field.position, `there are two stages ${field.value}`));
	}
	const sections = stage.sections.filter(({ name }) => name === 'files');
	for (const { argument, position } of sections) {
		const [, from] = (argument.split('#')[0] ?? '').trim().split(/\s+/);
		if (from === undefined || names.has(from)) continue;
		const similar = didYouMean(from, names).slice(2);
		const known =
			similar ||
			(names.size === 0 ? 'there is no stage before this one' : `there are ${[...names].join(', ')}`);
		problems.push(errorAt(position, `%files from ${from}: no earlier stage has this name; ${known}`));
	}
	return problems;
}

/** Only blank lines and comments may stand before the first `Bootstrap:`. */
function checkBefore(before: SourceText, stages: number): DefinitionProblem[] {
	const found = /^(?!\s*#)\s*\S.*$/m.exec(before.text);
	if (found === null) {
		return stages > 0 ? [] : [errorAt({ line: 1, column: 1 }, 'there is no Bootstrap: line')];
	}
	const at = found.index + found[0].search(/\S/);
	const position: Position = before.position(at);
	if (before.text.startsWith('\uFEFF')) {
		const message = 'a byte order mark stands before the text, which apptainer cannot read';
		return [errorAt({ line: 1, column: 1 }, message)];
	}
	const line = found[0].trim();
	if (stages > 0 && isHeaderLine(line)) {
		const message = `${line.split(':')[0]?.trim()}: stands before Bootstrap:, with which a definition must begin: move it below`;
		return [errorAt(position, message)];
	}
	const message =
		stages > 0
			? `${JSON.stringify(line)} stands before the first Bootstrap: line, where nothing may stand`
			: 'a definition begins with a line Bootstrap:';
	return [errorAt(position, message)];
}

function isHeaderLine(line: string): boolean {
	const colon = line.indexOf(':');
	return colon > 0 && isHeaderKey(line.slice(0, colon).trim().toLowerCase());
}
