import { packageFile } from './package-file.js';

/** The daemon's one file as it lies in this package's `dist`. Throws `builder-image` for a package that was not built. */
export function daemonPath(): string {
	return packageFile('cb-builder.mjs');
}
