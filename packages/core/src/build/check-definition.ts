import { resolve } from 'node:path';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import type { Position } from '../definition/definition-types.js';
import { readRecipe } from '../definition/read-recipe.js';
import type { Recipe, RemoteBase } from '../definition/recipe-types.js';
import {
	type AbortOptions,
	type Architecture,
	type BuildInput,
	ContainerBuilderError,
	type ContextManifest,
	type ContextSource,
	type DefinitionKind,
} from '../spec/index.js';
import { askLogins } from './ask-logins.js';
import { checkCopied } from './check-copied.js';
import { checkKind } from './check-kind.js';
import { checkSecrets } from './check-secrets.js';
import { dockerfileRoot, localContext } from './local-context.js';
import { namedContextRoot } from './named-context-root.js';
import { readDefinition } from './read-definition.js';
import { unmentioned } from './unmentioned.js';

/** How a definition is checked: what of these a build would be given too. */
export interface CheckOptions
	extends AbortOptions,
		Pick<BuildInput, 'arguments' | 'target' | 'format' | 'architecture' | 'backend' | 'context' | 'logins'> {
	/** What relative paths start from. @default process.cwd() */
	readonly directory?: string | undefined;
	/** Ids of the secrets that a build would be given: those that the definition does not mention are pointed out. */
	readonly secretIds?: readonly string[] | undefined;
	/** As in `BuildOptions`. */
	readonly contextRoot?: string | undefined;
	/** Most bytes of the context. @default 10 GiB */
	readonly contextLimit?: number | undefined;
}

/** One thing that {@link checkDefinition} found. */
export interface CheckProblem {
	/** An `error` would refuse the build; a `warning` would be told. */
	readonly severity: 'error' | 'warning';
	/** May have several lines. */
	readonly message: string;
	/** What to do about it. */
	readonly hint?: string | undefined;
	/** Absent where it is of no place in the text. */
	readonly position?: Position | undefined;
}

/** What can be known of a definition without a builder. */
export interface CheckReport {
	/** As it was given; `definition` where it was given as text. */
	readonly fileName: string;
	readonly kind: DefinitionKind;
	readonly problems: readonly CheckProblem[];
	/** The base images from registries. `login`: whether there is one for it. */
	readonly bases: readonly (Pick<RemoteBase, 'reference' | 'registry' | 'transport'> & {
		readonly login: boolean;
	})[];
	/** Ids of the secrets that it mentions, sorted. */
	readonly secrets: readonly string[];
	/** What would be sent: number of files, directories and links, and bytes. Absent where that cannot be said for the problems. */
	readonly context?: { readonly entries: number; readonly size: number } | undefined;
}

/**
 * Everything of a build that needs no builder: the definition's language, its local files, its bases. What is wrong with the
 * definition stands in the report; rejects where it cannot be read at all (`source-missing`, `invalid-definition`), for wrong
 * options (`invalid-option`), and with `canceled`.
 */
export async function checkDefinition(
	input: BuildInput['definition'],
	options: CheckOptions = {},
): Promise<CheckReport> {
	const { signal, target, architecture } = options;
	throwIfAborted(signal);
	const directory = resolve(options.directory ?? '.');
	const values = options.arguments ?? {};
	const definition = await readDefinition(input, { directory, backend: options.backend });
	const { text, kind, fileName } = definition;
	checkKind(definition, { target, format: options.format ?? 'sif' });
	const root = await namedContextRoot(options.contextRoot, directory);
	const recipe = await readRecipe(text, { kind, arguments: values, target, architecture });
	const logins = await askLogins(options.logins, recipe, { signal });
	const source =
		options.context ??
		localContext(definition, recipe, {
			arguments: values,
			directory,
			root,
			limit: options.contextLimit,
		});
	const found = await measure(source, fileName, { signal });
	const place = options.context
		? {}
		: { root: dockerfileRoot(definition, { root, directory }), dockerfile: definition.path };
	const ofFiles = [...(found.problems ?? []), ...(await checkCopied(recipe, found.manifest, place))];
	// What a broken text means to copy nobody knows.
	const broken = recipe.problems.some(({ severity }) => severity === 'error');
	const ids = options.secretIds ?? [];
	const warnings = unmentioned(ids, recipe);
	return {
		fileName,
		kind,
		problems: [
			...[
				...recipe.problems,
				...foreign(recipe, architecture),
				...checkSecrets(recipe, ids),
				...ofFiles,
			].sort(byPosition),
			...warnings.map((message) => ({ severity: 'warning', message }) as const),
		],
		bases: recipe.bases.map(({ reference, registry, transport }) => ({
			reference,
			registry,
			transport,
			login: logins.some((login) => reference.startsWith(`${login.registry}/`)),
		})),
		secrets: [...recipe.secretIds].sort(),
		context: broken ? undefined : sizeOf(found),
	};
}

/** Whether there are machines of that architecture only a queue knows. */
function foreign(
	{ nativeOnly }: Pick<Recipe, 'nativeOnly'>,
	architecture: Architecture | undefined,
): readonly CheckProblem[] {
	if (nativeOnly === undefined || architecture === undefined) return [];
	const { agent, position } = nativeOnly;
	const message = `${agent} makes images of the machine's own architecture only: it needs a machine of ${architecture}`;
	return [{ severity: 'warning', message, position }];
}

interface Measured {
	readonly manifest?: ContextManifest | undefined;
	readonly problems?: readonly CheckProblem[];
}

/** The local files, or what is wrong with them. */
async function measure(
	source: ContextSource | undefined,
	fileName: string,
	options: AbortOptions,
): Promise<Measured> {
	try {
		return { manifest: await source?.manifest(options) };
	} catch (caught) {
		const error = ContainerBuilderError.from(caught);
		if (error.kind === 'canceled' || error.code === 'internal') throw caught;
		return { problems: problemsOf(error, fileName) };
	}
}

function sizeOf({ manifest, problems }: Measured): CheckReport['context'] {
	if (problems !== undefined) return undefined;
	return { entries: manifest?.entries.length ?? 0, size: manifest?.size ?? 0 };
}

/** In the order of the text; what is of no place comes last. */
function byPosition({ position: a }: CheckProblem, { position: b }: CheckProblem): number {
	if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
	return a.line - b.line || a.column - b.column;
}

/** The errors of a context have a line `FILE:LINE:COLUMN: message` for each problem that has a place. */
function problemsOf({ message, hint }: ContainerBuilderError, fileName: string): readonly CheckProblem[] {
	const problems = message.split('\n').map((line): CheckProblem => {
		const place = line.startsWith(`${fileName}:`) ? line.slice(fileName.length + 1) : line;
		const match = /^(\d+):(\d+): (.*)$/.exec(place);
		return match === null
			? { severity: 'error', message: place.trim() }
			: {
					severity: 'error',
					message: match[3] ?? '',
					position: { line: Number(match[1]), column: Number(match[2]) },
				};
	});
	const last = problems.at(-1);
	return last === undefined || hint === undefined ? problems : [...problems.slice(0, -1), { ...last, hint }];
}
