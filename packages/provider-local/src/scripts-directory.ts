import { existsSync } from 'node:fs';
// By its default name: bundles often begin with an import of `createRequire` of their own.
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the shell stages are: beside `src` and `dist`, or in this package for a bundle that this module is part of. */
export const scriptsDirectory = findScripts();

function findScripts(): string {
	const beside = fileURLToPath(new URL('../scripts', import.meta.url));
	if (existsSync(join(beside, 'supervisor.sh'))) return beside;
	const require = nodeModule.createRequire(import.meta.url);
	return join(dirname(require.resolve('@olcf/container-builder-provider-local/package.json')), 'scripts');
}
