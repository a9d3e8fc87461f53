import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { ContainerBuilderError, type VmImageManifest } from '@olcf/container-builder-core';

/** An image that is there; all paths are absolute. */
export interface LoadedVmImage {
	readonly manifest: VmImageManifest;
	readonly disk: string;
	readonly kernel: string;
	readonly initrd: string;
}

/** Where an image is: a request's own name goes before the option, the current one is what is left. */
export function vmImageDirectory(
	images: string,
	option: string | undefined,
	named: string | undefined,
): string {
	if (named === undefined) return option ?? join(images, 'current-raw');
	if (isAbsolute(named)) return named;
	// A name, not a way out of the directory.
	if (named.includes('/') || named.startsWith('.'))
		throw imageError(`'${named}' is no name of a builder image`);
	return join(images, named);
}

/** Reads an image's manifest and looks for its parts. Rejects with `builder-image`. */
export async function loadVmImage(path: string): Promise<LoadedVmImage> {
	let directory: string;
	let text: string;
	try {
		directory = await realpath(path);
		text = await readFile(join(directory, 'image.json'), 'utf8');
	} catch (cause) {
		throw imageError(`there is no image of a virtual machine at ${path}`, cause);
	}
	const manifest = parseManifest(text);
	if (manifest === undefined) {
		throw imageError(
			`${join(path, 'image.json')} is not of an image of a virtual machine that this version can read`,
		);
	}
	const [disk = '', kernel = '', initrd = ''] = await Promise.all(
		[manifest.disk, manifest.kernel, manifest.initrd].map(async (part) => {
			const file = join(directory, part.path);
			await stat(file).catch((cause: unknown) => {
				throw imageError(`${file}, a part of the image, is missing`, cause);
			});
			return file;
		}),
	);
	return { manifest, disk, kernel, initrd };
}

function parseManifest(text: string): VmImageManifest | undefined {
	try {
		const value = JSON.parse(text) as Partial<VmImageManifest> | null;
		const isOne =
			value?.schemaVersion === 1 &&
			(value.format === 'raw' || value.format === 'qcow2') &&
			/^[0-9a-f]{64}$/.test(value.id ?? '') &&
			typeof value.commandLine === 'string' &&
			[value.disk, value.kernel, value.initrd].every((part) => typeof part?.path === 'string');
		return isOne ? (value as VmImageManifest) : undefined;
	} catch {
		return undefined;
	}
}

function imageError(message: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('builder-image', message, {
		cause,
		hint: 'Make one, as root: cb-image make --format raw',
		outcome: 'none',
	});
}
