import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type AbortOptions, cachePath, throwIfAborted } from '@olcf/container-builder-core';
import type { FoundBuilderImage } from './builder-image.js';
import { readDaemon } from './daemon-layer.js';
import { readBase } from './find-base.js';
import { parseManifest } from './image-schema.js';
import { imageLayout, readJson } from './image-store.js';
import { baseRecipe, recipeId } from './recipe.js';

/** Options of `findBuilderImage`. */
export interface FindBuilderImageOptions extends AbortOptions {
	/** Where builder images are kept. @default `images` in the cache directory */
	readonly directory?: string | undefined;
	/**
	 * Path of the daemon's file. An image that holds another daemon, or whose base was made by another version of
	 * this package, is none then: `makeBuilderImage` would change something.
	 */
	readonly daemon?: string | undefined;
}

/**
 * The current builder image; undefined where there is none, or where a part of it is missing. Writes nothing and
 * uses no network. Rejects with `source-missing` where `daemon` cannot be read.
 */
export async function findBuilderImage(
	options: FindBuilderImageOptions = {},
): Promise<FoundBuilderImage | undefined> {
	throwIfAborted(options.signal);
	const directory = options.directory ?? join(cachePath(), 'images');
	const path = await realpath(join(directory, imageLayout.current)).catch(() => undefined);
	if (path === undefined) return undefined;
	const manifest = parseManifest(await readJson(join(path, imageLayout.manifest)));
	if (manifest === undefined) return undefined;
	if ((await sizeOf(join(path, manifest.base.path))) !== manifest.base.size) return undefined;
	if ((await sizeOf(join(path, manifest.daemon.path, imageLayout.daemonFile))) === undefined)
		return undefined;
	if (options.daemon !== undefined) {
		if ((await readDaemon(options.daemon)).id !== manifest.daemon.id) return undefined;
		const base = await readBase(join(path, dirname(manifest.base.path)));
		const recipe = recipeId(baseRecipe(manifest.base.suite, manifest.architecture));
		if (base?.recipe !== recipe) return undefined;
	}
	return { manifest, path };
}

async function sizeOf(path: string): Promise<number | undefined> {
	return stat(path).then(
		({ size }) => size,
		() => undefined,
	);
}
