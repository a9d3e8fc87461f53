import { mkdir, realpath, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';

/** Types of file systems whose locks and shared memory do not reach other machines, or do so too late. */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
	26985: 'NFS',
	198183888: 'Lustre',
	1196443219: 'GPFS',
	4283649346: 'CIFS',
	4266872130: 'SMB',
	20859: 'SMB',
	12805120: 'Ceph',
	428016422: 'BeeGFS',
	2866260714: 'PanFS',
	1397113167: 'AFS',
	16914839: '9P',
};

/** The name of a network file system, by the type that `statfs` tells; undefined for all others. */
export function networkFileSystem(type: number): string | undefined {
	return NETWORK_FILE_SYSTEMS[type >>> 0];
}

/**
 * The directory of a store, made with mode 0700 where it is missing; resolves with its real path. Rejects with
 * `invalid-option` where it cannot be made, is not ours alone, or is on a network file system.
 */
export async function storeDirectory(directory: string): Promise<string> {
	const network = networkFileSystem(await fileSystemType(directory));
	if (network !== undefined) {
		throw refused(directory, `is on ${network}`, 'Name a directory on a disk of this machine.');
	}
	try {
		await mkdir(directory, { recursive: true, mode: 0o700 });
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		throw refused(directory, `cannot be made: ${message}`, 'Name a directory that can be made.', error);
	}
	const found = await stat(directory);
	if (!found.isDirectory()) throw refused(directory, 'is not a directory', 'Name a directory.');
	if (found.uid !== process.getuid?.()) {
		throw refused(directory, `belongs to user ${found.uid}`, 'Name a directory of your own.');
	}
	if ((found.mode & 0o077) !== 0) {
		throw refused(
			directory,
			'is open to other users, and secrets are kept in it',
			`chmod 700 ${directory}, or name a directory that nothing else uses.`,
		);
	}
	return realpath(directory);
}

/** Of the directory, or of the nearest one above that exists. */
async function fileSystemType(directory: string): Promise<number> {
	try {
		return (await statfs(directory)).type;
	} catch (error) {
		const parent = dirname(directory);
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) return 0;
		return fileSystemType(parent);
	}
}

function refused(directory: string, what: string, hint: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', `the store's directory ${directory} ${what}`, {
		hint,
		cause,
	});
}
