import { resolve } from 'node:path';
import { definitionError } from '../definition/definition-error.js';
import { readRecipe } from '../definition/read-recipe.js';
import type { Recipe } from '../definition/recipe-types.js';
import type {
	BuildInput,
	BuildOptions,
	BuildRequest,
	ContextManifest,
	ContextSource,
	Format,
	Queue,
} from '../spec/index.js';
import { askLogins } from './ask-logins.js';
import { checkCopied } from './check-copied.js';
import { checkInput } from './check-input.js';
import { checkKind } from './check-kind.js';
import { checkNative } from './check-native.js';
import { checkSecrets } from './check-secrets.js';
import { Confidential } from './confidential.js';
import { encodeSecrets } from './encode-secrets.js';
import { formatOf, formatOfName, type ImageTarget, imageTarget } from './image-target.js';
import { dockerfileRoot, localContext } from './local-context.js';
import { namedContextRoot } from './named-context-root.js';
import { possibleBases } from './possible-bases.js';
import { type ReadDefinition, readDefinition } from './read-definition.js';
import { unmentioned } from './unmentioned.js';

/** A build with everything read and checked that can be before anything is sent. */
export interface PreparedBuild {
	/** The request less what is confidential; without an architecture, it is the builder's own. */
	readonly request: Omit<BuildRequest, 'architecture' | 'secrets' | 'logins'> &
		Partial<Pick<BuildRequest, 'architecture'>>;
	readonly confidential: Confidential;
	readonly target: ImageTarget;
	readonly context?: { readonly source: ContextSource; readonly manifest: ContextManifest } | undefined;
	/** Ids of the secrets. */
	readonly secretIds: readonly string[];
	/** What the user should know though it refuses nothing. */
	readonly warnings: readonly string[];
}

/**
 * Reads and checks. Rejects with errors of kind `usage`, or with `image-write`. `queue` is asked only for what a
 * definition that depends on the builder's machine needs.
 */
export async function prepareBuild(
	buildId: string,
	input: BuildInput,
	options: BuildOptions,
	queue: Pick<Queue, 'status'>,
): Promise<PreparedBuild> {
	const { signal, force = false } = options;
	const directory = resolve(options.directory ?? '.');
	checkInput(buildId, input, options);
	const secrets = encodeSecrets(input.secrets ?? []);
	const values = input.arguments ?? {};
	const definition = await readDefinition(input.definition, { directory, backend: input.backend });
	const { kind, text, fileName } = definition;
	const format = input.format ?? formatOf(input.image);
	checkKind(definition, { target: input.target, format });
	const { architecture } = input;
	const reading = { kind, arguments: values, target: input.target, architecture };
	const recipe = await readRecipe(text, reading);
	const ids = (input.secrets ?? []).map(({ id }) => id);
	const errors = [...recipe.problems, ...checkSecrets(recipe, ids)].filter(
		({ severity }) => severity === 'error',
	);
	if (errors.length > 0) throw definitionError(fileName, errors);
	const target = await imageTarget(input.image, { directory, force });
	const root = await namedContextRoot(options.contextRoot, directory);
	const source =
		input.context ??
		localContext(definition, recipe, {
			arguments: values,
			directory,
			root,
			limit: options.contextLimit,
			except: target.kind === 'file' ? [target.path, target.realPath] : [],
		});
	const manifest = await source?.manifest({ signal });
	const missing = await checkCopied(
		recipe,
		manifest,
		input.context
			? {}
			: { root: dockerfileRoot(definition, { root, directory }), dockerfile: definition.path },
	);
	if (missing.length > 0) throw definitionError(fileName, missing);
	const context = source && manifest && manifest.entries.length > 0 ? { source, manifest } : undefined;
	const bases = await possibleBases(text, reading, recipe);
	const logins = await askLogins(input.logins, { bases }, { signal });
	await checkNative(fileName, recipe, architecture, queue, { signal });
	return {
		target,
		context,
		confidential: new Confidential(secrets, logins),
		secretIds: ids,
		warnings: warningsOf(definition, recipe, input, options, format),
		request: {
			buildId,
			definition: text,
			kind,
			format,
			arguments: values,
			labels: input.labels ?? {},
			...(architecture === undefined ? {} : { architecture }),
			...(input.backend === undefined ? {} : { backend: input.backend }),
			...(input.target === undefined ? {} : { target: input.target }),
			...(options.compression === undefined ? {} : { compression: options.compression }),
			...(options.terminal === undefined ? {} : { terminal: options.terminal }),
			...(options.debug === undefined ? {} : { debug: options.debug }),
			...(options.limits === undefined ? {} : { limits: options.limits }),
			...(context === undefined
				? {}
				: {
						context: {
							digest: context.manifest.digest,
							size: context.manifest.size,
							entries: context.manifest.entries.length,
						},
					}),
		},
	};
}

function warningsOf(
	{ fileName }: ReadDefinition,
	recipe: Recipe,
	{ image, secrets = [] }: BuildInput,
	{ compression }: BuildOptions,
	format: Format,
): readonly string[] {
	const named = formatOfName(image);
	const ids = secrets.map(({ id }) => id);
	return [
		...recipe.problems
			.filter(({ severity }) => severity === 'warning')
			.map(({ message, position }) => `${fileName}:${position.line}:${position.column}: ${message}`),
		...unmentioned(ids, recipe).map((message) => `${fileName}: ${message}`),
		...(named !== undefined && named !== format
			? [`the name of the image says ${NAMES[named]}, but it becomes ${NAMES[format]}`]
			: []),
		...(compression !== undefined && format !== 'sif'
			? ['compression is chosen for a SIF only: that of an OCI archive stays as it is']
			: []),
	];
}

const NAMES: Readonly<Record<Format, string>> = { sif: 'a SIF', 'oci-archive': 'an OCI archive' };
