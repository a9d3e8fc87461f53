import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes directories for stores, which do not exist yet; removes them at the end of the file. */
export function storeDirectories(): () => Promise<string> {
	const made: string[] = [];
	afterAll(async () => {
		for (const directory of made) await rm(directory, { recursive: true, force: true });
	});
	return async () => {
		const parent = await mkdtemp(join(tmpdir(), 'cb-store-'));
		made.push(parent);
		return join(parent, 'store');
	};
}
