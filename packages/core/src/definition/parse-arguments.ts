import type { DefinitionProblem } from './definition-types.js';
import { warningAt } from './problem.js';
import type { SourceText } from './source-text.js';
import { type LocatedSection, linesOf } from './split-definition.js';

/** What the `%arguments` of a stage say. */
interface ParsedArguments {
	readonly defaults: ReadonlyMap<string, string>;
	readonly problems: readonly DefinitionProblem[];
}

/** The defaults that `%arguments` gives: `NAME=value` lines; apptainer skips others with a warning. */
export function parseArguments(sections: readonly LocatedSection[], source: SourceText): ParsedArguments {
	const defaults = new Map<string, string>();
	const problems: DefinitionProblem[] = [];
	for (const { body, bodyOffset } of sections.filter(({ name }) => name === 'arguments')) {
		for (const line of linesOf(body)) {
			const text = line.text.trim();
			const equals = text.indexOf('=');
			const name = text.slice(0, Math.max(equals, 0)).trim();
			if (text === '' || text.startsWith('#')) continue;
			if (name !== '') defaults.set(name, text.slice(equals + 1).trim());
			else {
				const position = source.position(bodyOffset + line.start + line.text.search(/\S/));
				problems.push(warningAt(position, `${JSON.stringify(text)} is not NAME=value: it is skipped`));
			}
		}
	}
	return { defaults, problems };
}
