import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where the files of one build are. */
export interface BuildDirectory {
	readonly root: string;
	readonly definition: string;
	readonly context: string;
	/** Where bases are brought to; not there before one is. */
	readonly bases: string;
	readonly scratch: string;
	readonly image: string;
	readonly output: string;
	/** Removes it all, also what belongs to subordinate users. Rejects where something stays. */
	remove(): Promise<void>;
}

/** Makes it, below `directory`. Others may pass through, so that the build's user reaches what is given to it. */
export async function makeBuildDirectory(directory: string): Promise<BuildDirectory> {
	await mkdir(directory, { recursive: true, mode: 0o711 });
	const root = await mkdtemp(join(directory, 'build-'));
	await chmod(root, 0o711);
	const paths = {
		root,
		definition: join(root, 'definition'),
		context: join(root, 'context'),
		bases: join(root, 'bases'),
		scratch: join(root, 'scratch'),
		image: join(root, 'image', 'image'),
		output: join(root, 'output'),
	};
	await mkdir(paths.context);
	await mkdir(paths.scratch, { mode: 0o700 });
	await mkdir(join(root, 'image'), { mode: 0o700 });
	return { ...paths, remove: () => removeTree(root) };
}

async function removeTree(path: string): Promise<void> {
	try {
		await rm(path, { recursive: true, force: true, maxRetries: 3 });
	} catch (error) {
		// An ordinary user owns the tree of a build that was killed, but through a user namespace only.
		if (process.getuid?.() === 0) throw error;
		await promisify(execFile)('unshare', ['--map-root-user', '--map-auto', 'rm', '-rf', '--', path]);
	}
}
