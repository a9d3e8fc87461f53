import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { misconfigured } from './misconfigured.js';

/**
 * Makes a directory of mode 0700 where it is missing, and resolves with its real path. Rejects with
 * `provider-misconfigured` where it is somebody else's, or no directory.
 */
export async function privateDirectory(path: string): Promise<string> {
	try {
		await mkdir(path, { recursive: true, mode: 0o700 });
		const found = await lstat(path);
		if (!found.isDirectory() || found.uid !== process.getuid?.()) {
			throw misconfigured(`${path} is not a directory of yours`, 'Remove it, or choose another directory.');
		}
		if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
		return await realpath(path);
	} catch (cause) {
		if (cause instanceof Error && 'syscall' in cause) {
			throw misconfigured(
				`the directory ${path} cannot be used: ${cause.message}`,
				'Choose another directory.',
				cause,
			);
		}
		throw cause;
	}
}
