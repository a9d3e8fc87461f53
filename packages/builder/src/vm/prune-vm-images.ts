import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { remove } from '../image/image-store.js';

/** They are large; the one before may be what machines run on still. */
const KEPT = 2;

/** Removes old images of virtual machines and old kernels, by when they were made or used last. To be called under the lock. */
export async function pruneVmImages(directory: string): Promise<readonly string[]> {
	const names = await readdir(directory);
	const removed: string[] = [];
	for (const kind of [/^vm-[0-9a-f]{64}$/, /^kernel-[0-9a-f]{64}$/]) {
		const found = await Promise.all(
			names
				.filter((name) => kind.test(name))
				.map(async (name) => ({ name, usedAt: (await stat(join(directory, name))).mtimeMs })),
		);
		found.sort((left, right) => right.usedAt - left.usedAt);
		// Of images, so many of each format.
		removed.push(...found.slice(kind.test(`vm-${'0'.repeat(64)}`) ? 2 * KEPT : KEPT).map(({ name }) => name));
	}
	for (const name of removed) await remove(join(directory, name));
	return removed;
}
