import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { definitionContext } from '../context/definition-context.js';
import { checkArguments } from '../definition/check-arguments.js';
import { definitionError } from '../definition/definition-error.js';
import { detectDefinitionKind } from '../definition/detect-definition-kind.js';
import { parseDefinition } from '../definition/parse-definition.js';
import { MAX_DEFINITION_LENGTH } from '../protocol/builder-schemas.js';
import {
	ARCHITECTURES,
	type BuildInput,
	type BuildOptions,
	type BuildRequest,
	ContainerBuilderError,
	type ContextManifest,
	type ContextSource,
	type DefinitionKind,
} from '../spec/index.js';
import { formatOf, type ImageTarget, imageTarget } from './image-target.js';

/** A build with everything read and checked that can be before anything is sent. */
export interface PreparedBuild {
	/** The request; without an architecture, it is the builder's own. */
	readonly request: Omit<BuildRequest, 'architecture'> & Partial<Pick<BuildRequest, 'architecture'>>;
	readonly target: ImageTarget;
	readonly context?: { readonly source: ContextSource; readonly manifest: ContextManifest } | undefined;
}

interface ReadDefinition {
	readonly text: string;
	readonly kind: DefinitionKind;
	/** For messages. */
	readonly fileName: string;
	readonly directory?: string | undefined;
}

/** Reads and checks. Rejects with errors of kind `usage`, or with `image-write`. */
export async function prepareBuild(
	buildId: string,
	input: BuildInput,
	options: BuildOptions,
): Promise<PreparedBuild> {
	const { signal, force = false } = options;
	const directory = resolve(options.directory ?? '.');
	checkInput(buildId, input);
	const definition = await readDefinition(input.definition, directory);
	const source = input.context ?? localContext(definition, input.arguments ?? {}, directory);
	const target = await imageTarget(input.image, { directory, force });
	const manifest = await source?.manifest({ signal });
	const context = source && manifest && manifest.entries.length > 0 ? { source, manifest } : undefined;
	return {
		target,
		context,
		request: {
			buildId,
			definition: definition.text,
			kind: definition.kind,
			format: input.format ?? formatOf(input.image),
			arguments: input.arguments ?? {},
			labels: input.labels ?? {},
			...(input.architecture === undefined ? {} : { architecture: input.architecture }),
			...(input.backend === undefined ? {} : { backend: input.backend }),
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

function checkInput(buildId: string, { architecture, secrets }: BuildInput): void {
	if (!/^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/.test(buildId)) {
		throw new ContainerBuilderError(
			'invalid-option',
			`${JSON.stringify(buildId)} cannot be the id of a build`,
			{
				hint: 'Use 8 to 64 letters, digits and hyphens.',
			},
		);
	}
	if (architecture !== undefined && !ARCHITECTURES.includes(architecture)) {
		throw new ContainerBuilderError('invalid-option', `there is no architecture ${String(architecture)}`, {
			hint: `There are ${ARCHITECTURES.join(', ')}.`,
		});
	}
	if (secrets !== undefined && secrets.length > 0) {
		throw new ContainerBuilderError('unsupported', 'no backend takes secrets yet');
	}
}

async function readDefinition(
	definition: BuildInput['definition'],
	directory: string,
): Promise<ReadDefinition> {
	const read =
		typeof definition === 'string'
			? await readDefinitionFile(definition, directory)
			: { ...definition, fileName: 'definition' };
	const { fileName } = read;
	const text = read.text.replace(/^\uFEFF/, '');
	if (text.trim() === '') throw new ContainerBuilderError('invalid-definition', `${fileName} is empty`);
	if (text.length > MAX_DEFINITION_LENGTH) {
		throw new ContainerBuilderError(
			'invalid-definition',
			`${fileName} is longer than ${MAX_DEFINITION_LENGTH} characters`,
		);
	}
	const named = /^(dockerfile|containerfile)(\.|$)|\.dockerfile$/i.test(basename(fileName));
	const kind = read.kind ?? detectDefinitionKind(text) ?? (named ? 'dockerfile' : 'apptainer');
	return { ...read, text, kind };
}

async function readDefinitionFile(name: string, base: string) {
	const path = resolve(base, name);
	const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
		const what =
			error.code === 'ENOENT' || error.code === 'ENOTDIR'
				? 'does not exist'
				: error.code === 'EISDIR'
					? 'is a directory'
					: error.code === 'EACCES'
						? 'may not be read'
						: `cannot be read: ${error.message}`;
		throw new ContainerBuilderError('source-missing', `the definition ${name} ${what}`, { cause: error });
	});
	try {
		const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
		if (!text.includes('\0')) return { text, kind: undefined, fileName: name, directory: dirname(path) };
	} catch {
		// Said below.
	}
	throw new ContainerBuilderError('invalid-definition', `${name} is not a text`, {
		hint: 'The image comes first, the definition second: container.sif container.def',
	});
}

function localContext(
	{ text, kind, fileName, directory: definitionDirectory }: ReadDefinition,
	values: Readonly<Record<string, string>>,
	directory: string,
): ContextSource | undefined {
	if (kind !== 'apptainer') return undefined;
	const { definition, problems } = parseDefinition(text, { arguments: values });
	if (problems.length > 0) throw definitionError(fileName, problems);
	checkArguments(definition, values);
	return definitionContext({ definition, directory, fileName, definitionDirectory });
}
