import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { expectNothingLeft, type Leftovers, leftovers } from './leftovers.js';

/** A directory for each test, removed afterwards, when also nothing of a sandbox may be left. */
export interface Workspace {
	readonly path: string;
	/** Writes a file and gives its path. */
	write(name: string, text: string): string;
	/** Names of all files in it. */
	files(): string[];
}

/** Call it at the top of a `describe`. */
export function useWorkspace(): Workspace {
	let path = '';
	let before: Leftovers;
	beforeEach(() => {
		path = mkdtempSync(join(tmpdir(), 'e2e-'));
		before = leftovers();
	});
	afterEach(async () => {
		rmSync(path, { recursive: true, force: true });
		await expectNothingLeft(before);
	});
	return {
		get path() {
			return path;
		},
		write: (name, text) => {
			writeFileSync(join(path, name), text);
			return join(path, name);
		},
		files: () => readdirSync(path).sort(),
	};
}
