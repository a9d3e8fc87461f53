import { readRecipe } from '../definition/read-recipe.js';
import type { ReadRecipeOptions, Recipe, RemoteBase } from '../definition/recipe-types.js';
import { ARCHITECTURES } from '../spec/index.js';

/** The bases that a definition may turn out to have: where the architecture is the builder's own, those of each. */
export async function possibleBases(
	text: string,
	options: ReadRecipeOptions,
	{ kind, bases }: Pick<Recipe, 'kind' | 'bases'>,
): Promise<readonly RemoteBase[]> {
	const isSame = options.architecture !== undefined || kind !== 'dockerfile' || !/TARGET|PLATFORM/.test(text);
	if (isSame) return bases;
	const recipes = await Promise.all(
		ARCHITECTURES.map((architecture) => readRecipe(text, { ...options, kind, architecture })),
	);
	return recipes.flatMap((recipe) => recipe.bases);
}
