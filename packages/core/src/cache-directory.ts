import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ContainerBuilderError } from './spec/index.js';

/** Where the caches are: `$XDG_CACHE_HOME/container-builder`, for root without it `/var/cache/container-builder`. */
export function cachePath(environment: NodeJS.ProcessEnv = process.env): string {
	const base = environment.XDG_CACHE_HOME;
	if (base?.startsWith('/')) return join(base, 'container-builder');
	return process.getuid?.() === 0
		? '/var/cache/container-builder'
		: join(homedir(), '.cache', 'container-builder');
}

/**
 * The cache directory, made with mode 0700 where it is missing. Rejects with `provider-misconfigured` where it
 * belongs to somebody else or is not a directory: what is executed as root must not be anybody's to write.
 */
export async function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
	const path = cachePath(environment);
	await mkdir(path, { recursive: true, mode: 0o700 });
	const found = await lstat(path);
	if (!found.isDirectory() || found.uid !== process.getuid?.()) {
		throw new ContainerBuilderError('provider-misconfigured', `${path} is not a directory of yours`, {
			hint: 'Remove it, or set XDG_CACHE_HOME to a directory of your own.',
		});
	}
	if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
	return path;
}
