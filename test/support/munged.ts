import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TemporaryDirectory } from './temporary-directory.js';

/** A real munged of the test's own, with the programs that speak with it. */
export interface Munged {
	/** Has `munge` and `unmunge` that know its socket; to go first in `PATH`. */
	readonly bin: string;
	close(): Promise<void>;
}

/** Starts Debian's munged with a fresh key. */
export async function startMunged(place: TemporaryDirectory): Promise<Munged> {
	const directory = join(place.path, 'munged');
	mkdirSync(directory, { mode: 0o755 });
	const at = (name: string): string => join(directory, name);
	writeFileSync(at('key'), randomBytes(128), { mode: 0o600 });
	const files = ['key', 'pid', 'log', 'seed'].map((name) => `--${name}-file=${at(name)}`);
	const munged: ChildProcess = spawn(
		'munged',
		['--foreground', '--force', `--socket=${at('socket')}`, ...files],
		{ stdio: 'ignore' },
	);
	const ended = new Promise((resolve) => munged.once('close', resolve));
	while (!existsSync(at('socket'))) await new Promise((resolve) => setTimeout(resolve, 20));
	for (const name of ['munge', 'unmunge']) {
		place.makeExecutable(
			`munge-bin/${name}`,
			`#!/bin/sh\nexec /usr/bin/${name} --socket=${at('socket')} "$@"\n`,
		);
	}
	return {
		bin: join(place.path, 'munge-bin'),
		close: async () => {
			munged.kill();
			await ended;
		},
	};
}
