import { join } from 'node:path';
import { root } from './command.js';
import type { TemporaryDirectory } from './temporary-directory.js';

const NAMES = [
	'container-builder',
	...['attach', 'cancel', 'doctor', 'image', 'images', 'logs', 'queue', 'status'].map((name) => `cb-${name}`),
];

/** Puts the built commands into a directory, as npm would; gives its path, for `PATH`. */
export function installedCommands(place: TemporaryDirectory): string {
	for (const name of NAMES) {
		const script = join(root, 'packages/cli/dist/bin', `${name}.js`);
		place.makeExecutable(`bin/${name}`, `#!/bin/sh\nexec ${process.execPath} ${script} "$@"\n`);
	}
	return join(place.path, 'bin');
}
