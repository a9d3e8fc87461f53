import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/**
 * The daemon's one file, `cb-builder.mjs`, as it lies in this package's `dist`. Rejects a package that was not built.
 *
 * @throws ContainerBuilderError `builder-image`
 */
export function daemonPath(): string {
	let directory = dirname(fileURLToPath(import.meta.url));
	for (let depth = 0; depth < 3; depth++) {
		for (const candidate of [join(directory, 'cb-builder.mjs'), join(directory, 'dist', 'cb-builder.mjs')]) {
			if (existsSync(candidate)) return candidate;
		}
		directory = dirname(directory);
	}
	throw new ContainerBuilderError('builder-image', 'this package has no dist/cb-builder.mjs', {
		hint: 'In a checkout, build it: npm run build',
	});
}
