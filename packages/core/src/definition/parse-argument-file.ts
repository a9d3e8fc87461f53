import type { DefinitionProblem } from './definition-types.js';
import { errorAt } from './problem.js';

/** What came of reading a file of build arguments. */
export interface ParsedArgumentFile {
	readonly arguments: Readonly<Record<string, string>>;
	/** Errors only; each line that has one is left out. */
	readonly problems: readonly DefinitionProblem[];
}

/**
 * Reads a file of build arguments: a `NAME=VALUE` on each line, blanks around both left out; blank lines and lines that
 * begin with `#` are skipped. The value is everything behind the first `=`: nothing is unquoted or expanded, and of a
 * name given twice the last value counts.
 *
 * This is what apptainer and buildah have in common. A line without `=` is an error here: apptainer skips it with a
 * warning, buildah takes the value from its environment, and on a builder that is not the user's.
 */
export function parseArgumentFile(text: string): ParsedArgumentFile {
	const values = new Map<string, string>();
	const problems: DefinitionProblem[] = [];
	for (const [index, content] of text
		.replace(/^\uFEFF/, '')
		.split('\n')
		.entries()) {
		const line = content.trim();
		if (line === '' || line.startsWith('#')) continue;
		const position = { line: index + 1, column: content.search(/\S/) + 1 };
		const equals = line.indexOf('=');
		const name = line.slice(0, Math.max(equals, 0)).trim();
		if (equals < 0) problems.push(errorAt(position, `${JSON.stringify(line)} is not NAME=VALUE`));
		else if (name === '') problems.push(errorAt(position, 'there is no name before the ='));
		else if (!/^\w+$/.test(name)) {
			problems.push(
				errorAt(position, `${JSON.stringify(name)} cannot be a name: it has letters, digits and _ only`),
			);
		} else values.set(name, line.slice(equals + 1).trim());
	}
	return { arguments: Object.fromEntries(values), problems };
}
