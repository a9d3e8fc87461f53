import { constants } from 'node:fs';
import { access, lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildInput, ContainerBuilderError, type Format } from '../spec/index.js';
import { imageWriteError } from './image-write-error.js';

/** Where an image goes, found out and checked before anything is sent. */
export type ImageTarget =
	| { readonly kind: 'none' }
	| { readonly kind: 'stream'; readonly writable: WritableStream<Uint8Array> }
	| {
			readonly kind: 'file';
			/** As the user named it, absolute. */
			readonly path: string;
			/** Where it is written: what a symbolic link at `path` points to. */
			readonly realPath: string;
			readonly force: boolean;
	  };

const FORMATS: Readonly<Record<string, Format>> = {
	'.sif': 'sif',
	'.img': 'sif',
	'.simg': 'sif',
	'.tar': 'oci-archive',
	'.oci': 'oci-archive',
};

/** The format that the name of an image asks for: SIF for `.sif`, `.img`, `.simg`, an OCI archive for `.tar`, `.oci`. */
export function formatOfName(image: BuildInput['image']): Format | undefined {
	const name = typeof image === 'string' ? image : image instanceof URL ? image.pathname : '';
	return FORMATS[extname(name).toLowerCase()];
}

/** The format of an image where none is given: by its name, SIF where the name says nothing. */
export function formatOf(image: BuildInput['image']): Format {
	return formatOfName(image) ?? 'sif';
}

/**
 * Checks that an image can be written. Rejects with `image-exists`, `image-write` (directory missing or read-only) or
 * `invalid-option`.
 */
export async function imageTarget(
	image: BuildInput['image'],
	options: { readonly directory: string; readonly force: boolean },
): Promise<ImageTarget> {
	if (image === undefined) return { kind: 'none' };
	if (typeof image === 'object' && !(image instanceof URL)) {
		return { kind: 'stream', writable: image.writable };
	}
	const path = imagePath(image, options.directory);
	const found = await lstat(path).catch(absent);
	if (found !== undefined && !options.force) throw imageExists(typeof image === 'string' ? image : path);
	const parent = await realpath(dirname(path)).catch((error) => {
		throw imageWriteError(dirname(path), error);
	});
	const realPath = found?.isSymbolicLink()
		? await realpath(path).catch(() => join(parent, basename(path)))
		: join(parent, basename(path));
	const there = await stat(realPath).catch(absent);
	if (there !== undefined && !there.isFile()) {
		throw new ContainerBuilderError('invalid-option', `${path} is not a regular file`, {
			hint: 'Name a file for the image, for example container.sif.',
		});
	}
	await access(dirname(realPath), constants.W_OK | constants.X_OK).catch((error) => {
		throw imageWriteError(dirname(realPath), error);
	});
	return { kind: 'file', path, realPath, force: options.force };
}

/** The error for an image that is there already, in the words that users know. */
export function imageExists(name: string): ContainerBuilderError {
	return new ContainerBuilderError(
		'image-exists',
		`${name} : file already exists. Add --force flag to override`,
	);
}

function imagePath(image: string | URL, directory: string): string {
	if (typeof image === 'string' && image !== '' && !/^[a-z][a-z0-9+.-]*:\/\//i.test(image)) {
		return resolve(directory, image);
	}
	const url = String(image);
	if (url.startsWith('file:')) return fileURLToPath(url);
	throw new ContainerBuilderError('invalid-option', `an image cannot be written to ${JSON.stringify(url)}`, {
		hint: 'Give the path of a file, for example container.sif.',
	});
}

function absent(error: NodeJS.ErrnoException): undefined {
	if (error.code === 'ENOENT') return undefined;
	throw imageWriteError(error.path ?? 'the image', error);
}
