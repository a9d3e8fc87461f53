import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
// By its default name: bundles often begin with an import of `createRequire` of their own.
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is laid into the machine, and what makes its disk: beside `src` and `dist`, or in this package for a bundle. */
export function vmFilesDirectory(): string {
	for (const up of ['../vm', '../../vm']) {
		const beside = fileURLToPath(new URL(up, import.meta.url));
		if (existsSync(join(beside, 'make-disk.sh'))) return beside;
	}
	const require = nodeModule.createRequire(import.meta.url);
	return join(dirname(require.resolve('@olcf/container-builder-builder/package.json')), 'vm');
}

/** SHA-256 of all of them: changes with any. */
export async function vmFilesId(): Promise<string> {
	const directory = vmFilesDirectory();
	const hash = createHash('sha256');
	for (const name of (await readdir(directory)).sort()) {
		const content = await readFile(join(directory, name));
		hash.update(`${name} ${content.length}\n`).update(content);
	}
	return hash.digest('hex');
}
