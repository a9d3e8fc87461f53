import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Of tmpfs and of ramfs, as statfs(2) has them. */
const MEMORY_TYPES: readonly number[] = [0x0102_1994, 0x8584_58f6];

/** A directory of this process's own in memory. */
export interface MemoryDirectory {
	readonly path: string;
	/** Removes it with all that is in it. Idempotent. */
	remove(): Promise<void>;
}

/**
 * Makes one on the first file system in memory that this user may write to; undefined where there is none. Nobody can
 * list it, but who knows the name of a file in it gets as far as the file's own mode lets him.
 */
export async function makeMemoryDirectory(
	environment: NodeJS.ProcessEnv,
): Promise<MemoryDirectory | undefined> {
	const runtime = environment.XDG_RUNTIME_DIR;
	for (const parent of [...(runtime?.startsWith('/') ? [runtime] : []), '/run', '/dev/shm']) {
		const path = await makeIn(parent).catch(() => undefined);
		if (path === undefined) continue;
		return { path, remove: () => rm(path, { recursive: true, force: true }) };
	}
	return undefined;
}

async function makeIn(parent: string): Promise<string | undefined> {
	if (!MEMORY_TYPES.includes((await statfs(parent)).type)) return undefined;
	const path = await mkdtemp(join(parent, 'container-builder-'));
	await chmod(path, 0o711);
	return path;
}
