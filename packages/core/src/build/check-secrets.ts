import type { DefinitionProblem } from '../definition/definition-types.js';
import { errorAt } from '../definition/problem.js';
import type { Recipe } from '../definition/recipe-types.js';

/** The secrets that a definition cannot be built without, and nobody gave. */
export function checkSecrets(
	{ requiredSecrets }: Pick<Recipe, 'requiredSecrets'>,
	ids: readonly string[],
): readonly DefinitionProblem[] {
	return [...requiredSecrets]
		.filter(([id]) => !ids.includes(id))
		.map(([id, position]) =>
			errorAt(position, `the secret ${id} is needed: give --secret id=${id},src=FILE, or env=VARIABLE`),
		);
}
