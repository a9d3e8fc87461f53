import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { type BuilderImageManifest, ContainerBuilderError } from '@olcf/container-builder-core';

/** A builder image that is there. */
export interface LoadedImage {
	readonly manifest: BuilderImageManifest;
	/** The base's archive. */
	readonly archive: string;
	/** The directory that is laid over the base. */
	readonly layer: string;
	/** The real directory of `image.json`. */
	readonly directory: string;
}

/** Where an image is: a request's own name goes before the option, the cache's current one is what is left. */
export function imageDirectory(cache: string, option: string | undefined, named: string | undefined): string {
	if (named === undefined) return option ?? join(cache, 'images', 'current');
	if (isAbsolute(named)) return named;
	// A name, not a way out of the directory.
	if (named.includes('/') || named.startsWith('.'))
		throw imageError(`'${named}' is no name of a builder image`);
	return join(cache, 'images', named);
}

/** Reads an image's manifest. Rejects with `builder-image`. */
export async function loadImage(path: string): Promise<LoadedImage> {
	const file = join(path, 'image.json');
	let text: string;
	let directory: string;
	try {
		directory = await realpath(path);
		text = await readFile(join(directory, 'image.json'), 'utf8');
	} catch (cause) {
		throw imageError(`there is no builder image at ${path}`, cause);
	}
	const manifest = parseManifest(text);
	if (manifest === undefined) throw imageError(`${file} is not a manifest that this version can read`);
	// One after the other: of two that are missing it is always the same one that is told.
	const part = (name: string): Promise<string> =>
		realpath(join(directory, name)).catch((cause: unknown) => {
			throw imageError(`${join(path, name)}, a part of the builder image, is missing`, cause);
		});
	const archive = await part(manifest.base.path);
	const layer = await part(manifest.daemon.path);
	return { manifest, archive, layer, directory };
}

/** The manifests of all images beside one. */
export async function loadNeighbours(directory: string): Promise<readonly BuilderImageManifest[]> {
	const around = dirname(directory);
	const texts = await Promise.all(
		(await readdir(around).catch(() => [])).map((name) =>
			readFile(join(around, name, 'image.json'), 'utf8').catch(() => ''),
		),
	);
	return texts.flatMap((text) => parseManifest(text) ?? []);
}

const HEX = /^[0-9a-f]{64}$/;

/** Checks the parts of a manifest that are used here. */
export function parseManifest(text: string): BuilderImageManifest | undefined {
	let value: BuilderImageManifest;
	try {
		value = JSON.parse(text);
	} catch {
		return undefined;
	}
	const { base, daemon, command } = value ?? {};
	const good =
		value?.schemaVersion === 1 &&
		value.format === 'rootfs' &&
		[value.id, base?.id, base?.sha256, daemon?.id].every((id) => typeof id === 'string' && HEX.test(id)) &&
		[value.architecture, base?.path, daemon?.path].every((text) => typeof text === 'string') &&
		Array.isArray(command) &&
		command.length > 0 &&
		command.every((word) => typeof word === 'string');
	return good ? value : undefined;
}

function imageError(message: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('builder-image', message, {
		hint: 'Make one: cb-image make',
		cause,
		outcome: 'none',
	});
}
