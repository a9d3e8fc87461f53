import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './command.js';
import type { TemporaryDirectory } from './temporary-directory.js';

/** Puts the built commands into a directory, as npm would; gives its path, for `PATH`. */
export function installedCommands(place: TemporaryDirectory): string {
	const directory = join(root, 'packages/cli');
	const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
		readonly bin: Readonly<Record<string, string>>;
	};
	for (const [name, script] of Object.entries(manifest.bin)) {
		place.makeExecutable(
			`bin/${name}`,
			`#!/bin/sh\nexec ${process.execPath} ${join(directory, script)} "$@"\n`,
		);
	}
	return join(place.path, 'bin');
}
