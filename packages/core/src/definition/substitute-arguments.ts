import type { DefinitionProblem } from './definition-types.js';
import { errorAt } from './problem.js';
import type { SourceText } from './source-text.js';

/** What came of filling in the template arguments of one stage. */
export interface Substitution {
	readonly source: SourceText;
	readonly used: ReadonlySet<string>;
	readonly problems: readonly DefinitionProblem[];
}

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;
/** What apptainer takes for the beginning of a comment when it fills in; a mere `#` before the braces is not. */
const COMMENT = /#[^!]/;

/**
 * Fills in `{{ NAME }}` as apptainer does: `values` before `defaults`, once more inside a value, nothing in lines that
 * are comments before the braces. A name that has no value is a problem, and stays.
 */
export function substituteArguments(
	source: SourceText,
	values: ReadonlyMap<string, string>,
	defaults: ReadonlyMap<string, string>,
): Substitution {
	const used = new Set<string>();
	const problems: DefinitionProblem[] = [];
	const places: { start: number; end: number; text: string }[] = [];
	const look = (name: string): string | undefined => values.get(name) ?? defaults.get(name);
	let written = 0;

	for (const match of source.text.matchAll(PLACEHOLDER)) {
		const name = match[1] ?? '';
		const lineStart = Math.max(source.text.lastIndexOf('\n', match.index), written);
		if (COMMENT.test(source.text.slice(lineStart, match.index))) continue;
		const value = look(name);
		if (value === undefined) {
			problems.push(
				errorAt(
					source.position(match.index),
					`the argument ${name} has no value: give --build-arg ${name}=VALUE, or a default in %arguments`,
				),
			);
			continue;
		}
		used.add(name);
		const text = value.replace(PLACEHOLDER, (placeholder, inner: string) => {
			if (look(inner) !== undefined) used.add(inner);
			return look(inner) ?? placeholder;
		});
		written = match.index + match[0].length;
		places.push({ start: match.index, end: written, text });
	}
	return { source: source.replace(places), used, problems };
}
