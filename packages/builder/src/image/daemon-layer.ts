import { createHash } from 'node:crypto';
import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { imageLayout, remove, unfinishedDirectory } from './image-store.js';

/** A daemon's one file. */
export interface DaemonFile {
	readonly id: string;
	readonly content: Uint8Array;
}

/** Reads the daemon's file; its id is its SHA-256. */
export async function readDaemon(path: string): Promise<DaemonFile> {
	try {
		const content = await readFile(path);
		return { id: createHash('sha256').update(content).digest('hex'), content };
	} catch (cause) {
		throw new ContainerBuilderError('source-missing', `the daemon's file ${path} cannot be read`, {
			cause,
			hint: 'It is dist/cb-builder.mjs of the installed package: install the package again, or build it.',
		});
	}
}

/** Makes the directory that is laid over the base, where it is not there. To be called under the lock. */
export async function daemonLayer(
	directory: string,
	daemon: DaemonFile,
): Promise<{ readonly created: boolean }> {
	const target = join(directory, imageLayout.daemon(daemon.id));
	const present = await access(join(target, imageLayout.daemonFile)).then(
		() => true,
		() => false,
	);
	if (present) return { created: false };
	const layer = await unfinishedDirectory(directory);
	const file = join(layer, imageLayout.daemonFile);
	await mkdir(dirname(file), { recursive: true });
	await writeFile(file, daemon.content);
	// Whatever the umask: the layer's directories are laid over the base's /usr and /usr/lib.
	await chmod(file, 0o644);
	for (let path = dirname(file); path.startsWith(layer); path = dirname(path)) await chmod(path, 0o755);
	await remove(target);
	await rename(layer, target);
	return { created: true };
}
