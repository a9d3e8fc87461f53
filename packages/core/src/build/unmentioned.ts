import type { Recipe } from '../definition/recipe-types.js';

/** What to say of secrets that a definition does not mention: most often a misspelt id. */
export function unmentioned(
	ids: readonly string[],
	{ secretIds }: Pick<Recipe, 'secretIds'>,
): readonly string[] {
	const known = [...secretIds].join(', ');
	return ids
		.filter((id) => !secretIds.has(id))
		.map((id) => `the secret ${id} is not mentioned${known === '' ? '' : `: there is ${known}`}`);
}
