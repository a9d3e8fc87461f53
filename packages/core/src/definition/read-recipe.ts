import { definitionRecipe } from './definition-recipe.js';
import { detectDefinitionKind } from './detect-definition-kind.js';
import type { ReadRecipeOptions, Recipe } from './recipe-types.js';

/**
 * Reads a definition of either kind as far as it can be known without a builder. Never rejects for what the text says:
 * all that is wrong with it is in `problems`.
 */
export async function readRecipe(text: string, options: ReadRecipeOptions = {}): Promise<Recipe> {
	const content = text.replace(/^\uFEFF/, '');
	const kind = options.kind ?? detectDefinitionKind(content) ?? 'apptainer';
	if (kind === 'apptainer') return definitionRecipe(content, options);
	// The parser is large, and few commands need it.
	const { dockerfileRecipe } = await import('../dockerfile/dockerfile-recipe.js');
	return dockerfileRecipe(content, options);
}
