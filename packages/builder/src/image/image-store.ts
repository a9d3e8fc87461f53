import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '@olcf/container-builder-core';

/** The names inside the directory of builder images. */
export const imageLayout = {
	base: (id: string): string => `base-${id}`,
	archive: 'base.tar.zst',
	baseDescription: 'base.json',
	daemon: (id: string): string => `daemon-${id}`,
	/** Of the daemon's file, in its layer and so in the builder. */
	daemonFile: 'usr/lib/container-builder/cb-builder.mjs',
	manifest: 'image.json',
	/** A link to the directory of the image that is used where none is named. */
	current: 'current',
	lock: '.lock',
	/** Of directories in which something is being made. */
	making: '.making-',
} as const;

/** The directory of builder images, made where it is missing. */
export async function imagesDirectory(given: string | undefined): Promise<string> {
	const directory = given ?? join(await cacheDirectory(), 'images');
	await mkdir(directory, { recursive: true, mode: 0o700 });
	return directory;
}

/** A new directory beside what is finished: to be renamed, or removed by {@link clearUnfinished}. */
export function unfinishedDirectory(directory: string): Promise<string> {
	return mkdtemp(join(directory, imageLayout.making));
}

/** Removes what interrupted makes left. To be called under the lock. */
export async function clearUnfinished(directory: string): Promise<void> {
	for (const name of await readdir(directory)) {
		if (name.startsWith(imageLayout.making)) await remove(join(directory, name));
	}
}

/** Removes a directory with all that is in it. */
export async function remove(path: string): Promise<void> {
	await rm(path, { recursive: true, force: true, maxRetries: 5 });
}

/** Writes a JSON file so that a reader finds the old one or the new one, never a part. */
export async function writeJson(path: string, value: unknown): Promise<void> {
	const unfinished = `${path}.new`;
	await writeFile(unfinished, `${JSON.stringify(value, null, '\t')}\n`);
	await rename(unfinished, path);
}

/** The content of a JSON file; undefined where it is missing or damaged. */
export async function readJson(path: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(path, 'utf8'));
	} catch {
		return undefined;
	}
}

/** Makes an image the one that a link leads to, in one step. */
export async function switchCurrent(directory: string, name: string, imageId: string): Promise<void> {
	const link = join(directory, name);
	const unfinished = join(await unfinishedDirectory(directory), name);
	await symlink(imageId, unfinished);
	await rename(unfinished, link);
	await remove(join(unfinished, '..'));
}
