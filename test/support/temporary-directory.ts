import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** A directory for all tests of a `describe`. */
export interface TemporaryDirectory {
	readonly path: string;
	/** Writes a file and gives its path. */
	write(name: string, content: string | Uint8Array): string;
	/** Writes a file that nobody else may read. */
	writePrivate(name: string, content: string): string;
	/** Writes a program. */
	makeExecutable(name: string, text: string): string;
}

/** Call it at the top of a `describe`. */
export function temporaryDirectory(): TemporaryDirectory {
	let path = '';
	beforeAll(() => {
		path = mkdtempSync(join(tmpdir(), 'tests-'));
	});
	afterAll(() => rmSync(path, { recursive: true, force: true }));
	const write = (name: string, content: string | Uint8Array): string => {
		mkdirSync(dirname(join(path, name)), { recursive: true });
		writeFileSync(join(path, name), content);
		return join(path, name);
	};
	return {
		get path() {
			return path;
		},
		write,
		writePrivate: (name, content) => {
			chmodSync(write(name, content), 0o600);
			return join(path, name);
		},
		makeExecutable: (name, text) => {
			chmodSync(write(name, text), 0o755);
			return join(path, name);
		},
	};
}
