import type { DefinitionProblem, DefinitionSection, FileCopy, Position } from './definition-types.js';
import { errorAt } from './problem.js';
import { linesOf } from './split-definition.js';

/** The lines of a `%files` or `%appfiles` section. */
export interface ParsedFiles {
	readonly files: readonly FileCopy[];
	readonly problems: readonly DefinitionProblem[];
}

/** Where a character of a section's body stands in the definition. */
export type Locate = (offset: number) => Position;

/** Reads the `source [destination]` lines as apptainer does. */
export function parseFiles(section: DefinitionSection, locate: Locate): ParsedFiles {
	const files: FileCopy[] = [];
	const problems: DefinitionProblem[] = [];
	const from = section.name === 'files' ? stageOf(section, problems) : undefined;
	for (const line of linesOf(section.body)) {
		if (/^\s*(#|$)/.test(line.text)) continue;
		const column = line.text.search(/\S/);
		const position = locate(line.start + column);
		const [source = '', destination] = section.name === 'files' ? quoted(line.text) : spaced(line.text);
		const wrong =
			from === undefined && section.name === 'files' ? whatIsWrong(source, destination) : undefined;
		if (wrong !== undefined) problems.push(errorAt(position, wrong));
		else if (source !== '') {
			files.push({
				source,
				...(destination === undefined ? {} : { destination }),
				...(from === undefined ? {} : { from }),
				wildcards: section.name === 'files',
				position,
			});
		}
	}
	return { files, problems };
}

/** `%files from STAGE`; a comment may follow. */
function stageOf(section: DefinitionSection, problems: DefinitionProblem[]): string | undefined {
	const words = (section.argument.split('#')[0] ?? '').split(/\s+/).filter((word) => word !== '');
	if (words.length === 0) return undefined;
	const [from, stage] = words;
	if (words.length === 2 && from?.toLowerCase() === 'from') return stage;
	problems.push(
		errorAt(section.position, `%files ${section.argument}: there is only %files, and %files from STAGE`),
	);
	return undefined;
}

/** Words are separated by blanks, but not within double quotes; a single quote begins a word, as in apptainer. */
function quoted(line: string): string[] {
	return [...line.matchAll(/[^\s"']+|"([^"]*)"?|'[^']*/g)].map((match) => match[1] ?? match[0]);
}

/** `%appfiles` knows no quotes: the source ends at the first space. */
function spaced(line: string): string[] {
	const [, source = '', destination] = /^(\S+)(?:\s+(.*))?$/.exec((line.split('#')[0] ?? '').trim()) ?? [];
	return destination === undefined || destination === '' ? [source] : [source, destination];
}

/** Apptainer gives sources to a shell for their wildcards; what else a shell would make of them goes wrong there. */
function whatIsWrong(source: string, destination: string | undefined): string | undefined {
	if (source.startsWith("'") || destination?.startsWith("'"))
		return 'apptainer does not understand single quotes in %files: use double quotes';
	const special = /[$`;&|<>()\\]|^~/.exec(source)?.[0];
	if (special === undefined) return undefined;
	return `${JSON.stringify(special)} in the name ${source} would be read by a shell on the builder: rename the file, or write the name out`;
}
