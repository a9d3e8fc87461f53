import { definitionContext } from '../context/definition-context.js';
import { dockerfileContext } from '../context/dockerfile-context.js';
import { parseDefinition } from '../definition/parse-definition.js';
import type { Recipe } from '../definition/recipe-types.js';
import type { ContextSource } from '../spec/index.js';
import type { ReadDefinition } from './read-definition.js';

/** What local files are looked for with. */
export interface LocalContextOptions {
	readonly arguments: Readonly<Record<string, string>>;
	/** What relative paths of the call start from; absolute. */
	readonly directory: string;
	/** Absolute; absent: as `BuildOptions.contextRoot` says. */
	readonly root?: string | undefined;
	/** Most bytes. */
	readonly limit?: number | undefined;
	/** What of a whole directory is not sent: absolute. */
	readonly except?: readonly string[] | undefined;
}

/** The directory that a Dockerfile's `COPY` starts from. */
export function dockerfileRoot(
	definition: Pick<ReadDefinition, 'directory'>,
	{ root, directory }: Pick<LocalContextOptions, 'root' | 'directory'>,
): string {
	return root ?? definition.directory ?? directory;
}

/** The local files that a definition refers to; undefined where it refers to none. */
export function localContext(
	definition: ReadDefinition,
	recipe: Recipe,
	options: LocalContextOptions,
): ContextSource | undefined {
	const { fileName, path, text, directory: definitionDirectory } = definition;
	const { directory, limit, except } = options;
	if (recipe.context.kind === 'none') return undefined;
	if (recipe.context.kind === 'directory') {
		return dockerfileContext({ root: dockerfileRoot(definition, options), dockerfile: path, limit, except });
	}
	const parsed = parseDefinition(text, { arguments: options.arguments });
	return definitionContext({
		definition: parsed.definition,
		directory: options.root ?? directory,
		fileName,
		definitionDirectory,
		limit,
	});
}
