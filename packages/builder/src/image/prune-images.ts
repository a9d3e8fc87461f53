import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from './image-schema.js';
import { imageLayout, readJson, remove } from './image-store.js';

/** Bases are large, and an old one is wanted only by builders that are running on it still. */
const KEPT_BASES = 2;
/** Images and daemon layers are small. */
const KEPT_IMAGES = 8;

/** An image, as pruning sees it. */
export interface PrunableImage {
	readonly id: string;
	readonly baseId: string;
	readonly daemonId: string;
}

/** Which of the names in the directory go; `images` are sorted, the most recently used first. */
export function prunableNames(images: readonly PrunableImage[], names: readonly string[]): readonly string[] {
	const bases = [...new Set(images.map(({ baseId }) => baseId))].slice(0, KEPT_BASES);
	const kept = images.filter(({ baseId }) => bases.includes(baseId)).slice(0, KEPT_IMAGES);
	const keep = new Set(
		kept.flatMap(({ id, baseId, daemonId }) => [id, imageLayout.base(baseId), imageLayout.daemon(daemonId)]),
	);
	return names.filter((name) => /^(?:base-|daemon-)?[0-9a-f]{64}$/.test(name) && !keep.has(name));
}

/** Removes old images and layers; `currentId` stays. To be called under the lock. */
export async function pruneImages(directory: string, currentId: string): Promise<readonly string[]> {
	const names = await readdir(directory);
	const images: (PrunableImage & { readonly usedAt: number })[] = [];
	for (const id of names.filter((name) => /^[0-9a-f]{64}$/.test(name))) {
		const manifest = parseManifest(await readJson(join(directory, id, imageLayout.manifest)));
		if (manifest === undefined) continue;
		const usedAt = id === currentId ? Number.POSITIVE_INFINITY : (await stat(join(directory, id))).mtimeMs;
		images.push({ id, baseId: manifest.base.id, daemonId: manifest.daemon.id, usedAt });
	}
	images.sort((left, right) => right.usedAt - left.usedAt);
	const removed = prunableNames(images, names);
	// Images before their layers: an image that is there is whole.
	for (const name of [...removed].sort((left, right) => left.length - right.length)) {
		await remove(join(directory, name));
	}
	return removed;
}
