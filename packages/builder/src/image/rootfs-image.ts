import { createHash } from 'node:crypto';
import { mkdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture, BuilderImageManifest } from '@olcf/container-builder-core';
import { type BaseDescription, parseManifest } from './image-schema.js';
import { imageLayout, readJson, remove, unfinishedDirectory, writeJson } from './image-store.js';

/** Where the daemon is inside, and what it runs on. */
const COMMAND = ['/usr/bin/node', `/${imageLayout.daemonFile}`] as const;

interface Layers {
	readonly architecture: Architecture;
	readonly base: BaseDescription;
	readonly daemonId: string;
}

/** The id of the image of two layers. */
function rootfsImageId(baseId: string, daemonId: string): string {
	return createHash('sha256').update(['rootfs', baseId, daemonId].join('\n')).digest('hex');
}

/** Finds the image of two layers, or writes it: a manifest that points at both. To be called under the lock. */
export async function rootfsImage(directory: string, layers: Layers): Promise<BuilderImageManifest> {
	const id = rootfsImageId(layers.base.id, layers.daemonId);
	const path = join(directory, id);
	const there = parseManifest(await readJson(join(path, imageLayout.manifest)));
	if (there !== undefined && there.base.sha256 === layers.base.sha256) {
		// Used now: pruning goes by this time.
		await utimes(path, new Date(), new Date());
		return there;
	}
	const { size, sha256, suite, packages, indexes } = layers.base;
	const manifest: BuilderImageManifest = {
		schemaVersion: 1,
		format: 'rootfs',
		id,
		architecture: layers.architecture,
		createdAt: new Date().toISOString(),
		base: {
			id: layers.base.id,
			path: join('..', imageLayout.base(layers.base.id), imageLayout.archive),
			...{ size, sha256, suite, packages, indexes },
		},
		daemon: { id: layers.daemonId, path: join('..', imageLayout.daemon(layers.daemonId)) },
		command: COMMAND,
	};
	const unfinished = await unfinishedDirectory(directory);
	const finished = join(unfinished, id);
	await mkdir(finished, { mode: 0o755 });
	await writeJson(join(finished, imageLayout.manifest), manifest);
	await remove(path);
	await rename(finished, path);
	await remove(unfinished);
	return manifest;
}
