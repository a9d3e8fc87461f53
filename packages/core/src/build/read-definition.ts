import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { detectDefinitionKind } from '../definition/detect-definition-kind.js';
import { MAX_DEFINITION_LENGTH } from '../protocol/builder-schemas.js';
import { type BuildInput, ContainerBuilderError, type DefinitionKind } from '../spec/index.js';
import { kindOfBackend } from './kind-of-backend.js';

/** A definition as it was read. */
export interface ReadDefinition {
	readonly text: string;
	readonly kind: DefinitionKind;
	/** For messages. */
	readonly fileName: string;
	/** Absolute; absent where the definition was given as text. */
	readonly path?: string | undefined;
	/** The directory that it lies in, where it is a file. */
	readonly directory?: string | undefined;
}

/** Which definition, and what says of which kind it is. */
export interface ReadDefinitionOptions {
	/** Where a relative path starts from. */
	readonly directory: string;
	/** Its kind of definition counts where the text says nothing else. */
	readonly backend?: string | undefined;
}

/** Reads a definition and finds out its kind. Rejects with `source-missing`, `invalid-definition`, `invalid-option`. */
export async function readDefinition(
	definition: BuildInput['definition'],
	{ directory, backend }: ReadDefinitionOptions,
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
	const named = /^(dockerfile|containerfile)(\.|$)|\.(dockerfile|containerfile)$/i.test(basename(fileName));
	const wanted = kindOfBackend(backend);
	const found = read.kind ?? detectDefinitionKind(text);
	if (wanted !== undefined && found !== undefined && wanted !== found) {
		throw new ContainerBuilderError(
			'invalid-option',
			`${backend} builds ${KINDS[wanted]}, but ${fileName} is ${KIND[found]}`,
			{ hint: 'Leave the backend out: the one that builds this definition is taken by itself.' },
		);
	}
	return { ...read, text, kind: found ?? wanted ?? (named ? 'dockerfile' : 'apptainer') };
}

const KIND = { apptainer: 'an Apptainer definition file', dockerfile: 'a Dockerfile' } as const;
const KINDS = { apptainer: 'Apptainer definition files', dockerfile: 'Dockerfiles' } as const;

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
		if (!text.includes('\0')) {
			return { text, kind: undefined, fileName: name, path, directory: dirname(path) };
		}
	} catch {
		// Said below.
	}
	throw new ContainerBuilderError('invalid-definition', `${name} is not a text`, {
		hint: 'The image comes first, the definition second: container.sif container.def',
	});
}
