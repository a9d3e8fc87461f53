import { join, posix } from 'node:path';
import type { FoundFile } from './walk-files.js';

const NO_STAMP = { size: 0n, mtimeNs: 0n, inode: 0n, device: 0n };

/** Files with the directories above them, which are there only to hold them: mode 0755. */
export async function* withParents(
	files: AsyncIterable<FoundFile>,
	root: string,
): AsyncGenerator<FoundFile, void, undefined> {
	const made = new Set<string>();
	const parents = [];
	for await (const file of files) {
		made.add(file.path);
		for (let path = posix.dirname(file.path); path !== '.' && !made.has(path); path = posix.dirname(path)) {
			made.add(path);
			parents.push(path);
		}
		yield file;
	}
	for (const path of parents) {
		const absolutePath = join(root, path);
		yield { path, absolutePath, type: 'directory', mode: 0o755, size: 0, stamp: NO_STAMP };
	}
}
