import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError, isContainerBuilderError } from '@olcf/container-builder-core';
import type { IdRange } from './identities.js';
import { type LoadedImage, loadNeighbours } from './load-image.js';
import { privateDirectory } from './private-directory.js';
import { runScript } from './run-script.js';

/** An image as directories, with the ids that a sandbox's ids are out here. */
export interface Trees {
	readonly base: string;
	readonly layer: string;
	/** Their names in the cache's `trees`. */
	readonly names: readonly string[];
}

/** Unpacked trees that no image refers to are kept so far. */
const SPARE_TREES = 2;
/** One that another process has just made, or uses, is left alone. */
const YOUNG_MS = 24 * 3_600_000;

/** Options of {@link unpackImage}. */
export interface UnpackOptions {
	readonly signal: AbortSignal | undefined;
	readonly onProgress: ((message: string) => void) | undefined;
	/** Asked before trees are removed: those that machines stand on. */
	readonly inUse: () => Promise<ReadonlySet<string>>;
}

/** Unpacks an image where it is not there yet, once for all processes. Rejects with `builder-image`. */
export async function unpackImage(
	cache: string,
	image: LoadedImage,
	range: IdRange,
	options: UnpackOptions,
): Promise<Trees> {
	const { manifest } = image;
	const names = [
		`${manifest.base.id}-${range.first}`,
		`daemon-${manifest.daemon.id}-${range.first}`,
	] as const;
	const directory = join(cache, 'trees');
	const [base, layer] = [join(directory, names[0]), join(directory, names[1])];
	const ids = [String(range.first), String(range.count)];
	let made = false;
	try {
		if (!(await touch(base))) {
			await privateDirectory(directory);
			options.onProgress?.('unpacking the builder image');
			await runScript('unpack.sh', [base, ...ids, 'base', image.archive, manifest.base.sha256], options);
			made = true;
		}
		if (!(await touch(layer))) {
			await privateDirectory(directory);
			await runScript('unpack.sh', [layer, ...ids, 'layer', image.layer], options);
			made = true;
		}
	} catch (cause) {
		if (!isContainerBuilderError(cause) || cause.code !== 'provider-unavailable') throw cause;
		throw new ContainerBuilderError('builder-image', `the builder image was not unpacked: ${cause.message}`, {
			hint: `Make it again by cb-image make, or see whether ${directory} has room.`,
			cause,
			outcome: 'none',
		});
	}
	if (made) await pruneTrees(directory, image.directory, names, await options.inUse());
	return { base: join(base, 'tree'), layer: join(layer, 'tree'), names };
}

/** Whether it is there; its time is that of its last use. */
async function touch(path: string): Promise<boolean> {
	const now = new Date();
	return utimes(path, now, now).then(
		() => true,
		() => false,
	);
}

async function pruneTrees(
	directory: string,
	imageDirectory: string,
	current: readonly string[],
	inUse: ReadonlySet<string>,
): Promise<void> {
	const ids = (await loadNeighbours(imageDirectory)).flatMap(({ base, daemon }) => [
		base.id,
		`daemon-${daemon.id}`,
	]);
	const trees = await Promise.all(
		(await readdir(directory)).map(async (name) => {
			const { mtimeMs } = await stat(join(directory, name)).catch(() => ({ mtimeMs: Date.now() }));
			return { name, ageMs: Date.now() - mtimeMs };
		}),
	);
	const kept = new Set([...current, ...inUse]);
	const removed = treesToRemove(trees, ids, kept).map((name) => join(directory, name));
	// Nobody waits for room; what cannot be removed now can be the next time.
	if (removed.length > 0) await runScript('remove.sh', removed).catch(() => {});
}

/** Which trees go: those that no image refers to and nobody uses, the latest of each kind apart. */
export function treesToRemove(
	trees: readonly { readonly name: string; readonly ageMs: number }[],
	imageIds: readonly string[],
	kept: ReadonlySet<string>,
): readonly string[] {
	const candidates = trees
		.filter(({ name }) => /^(daemon-)?[0-9a-f]{64}-\d+$/.test(name) || name.startsWith('.new-'))
		.filter(({ name }) => !kept.has(name) && !imageIds.includes(name.replace(/-\d+$/, '')))
		.sort((one, two) => one.ageMs - two.ageMs);
	return ['daemon-', '.new-', ''].flatMap((prefix) =>
		candidates
			.filter(({ name }) => (/^(daemon-|\.new-)/.exec(name)?.[0] ?? '') === prefix)
			.slice(prefix === '.new-' ? 0 : SPARE_TREES)
			.filter(({ ageMs }) => ageMs > YOUNG_MS)
			.map(({ name }) => name),
	);
}
