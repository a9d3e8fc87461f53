import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** A file of this package's `dist`, by its path in there. Throws `builder-image` for a package that was not built. */
export function packageFile(name: string): string {
	let directory = dirname(fileURLToPath(import.meta.url));
	for (let depth = 0; depth < 3; depth++) {
		for (const path of [join(directory, name), join(directory, 'dist', name)]) {
			if (existsSync(path)) return path;
		}
		directory = dirname(directory);
	}
	throw new ContainerBuilderError('builder-image', `this package has no dist/${name}`, {
		hint: 'In a checkout, build it: npm run build',
	});
}
