import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildSecret, ContainerBuilderError } from '@olcf/container-builder-core';
import { MAX_SECRET_BYTES } from '@olcf/container-builder-core/protocol';
import { makeMemoryDirectory } from './memory-directory.js';

/** The secrets of a build, each in a file in memory. */
export interface SecretFiles {
	readonly files: readonly { readonly id: string; readonly path: string }[];
	/** Removes them. Idempotent. */
	remove(): Promise<void>;
}

/** Throws `size-limit` where they are too large, and `protocol` where two have one id. */
export function checkSecrets(secrets: readonly BuildSecret[]): void {
	const size = secrets.reduce((sum, { value }) => sum + Buffer.byteLength(value, 'base64'), 0);
	if (size > MAX_SECRET_BYTES) {
		throw new ContainerBuilderError(
			'size-limit',
			`the secrets of the build have ${size} bytes; at most ${MAX_SECRET_BYTES} are taken`,
		);
	}
	const twice = secrets.find(({ id }, index) => secrets.findIndex((other) => other.id === id) !== index);
	if (twice) throw new ContainerBuilderError('protocol', `there are two secrets of the id ${twice.id}`);
}

/** Writes them, for this user only. Throws `unsupported` where this machine has no file system in memory. */
export async function writeSecrets(
	secrets: readonly BuildSecret[],
	environment: NodeJS.ProcessEnv,
): Promise<SecretFiles> {
	if (secrets.length === 0) return { files: [], remove: async () => {} };
	const directory = await makeMemoryDirectory(environment);
	if (directory === undefined) {
		throw new ContainerBuilderError(
			'unsupported',
			'this builder has no file system in memory that secrets could be kept on',
			{ hint: 'It needs a tmpfs on /run, /dev/shm or $XDG_RUNTIME_DIR. Or build without secrets.' },
		);
	}
	const remove = (): Promise<void> => directory.remove();
	try {
		const files: { id: string; path: string }[] = [];
		for (const { id, value } of secrets) {
			const path = join(directory.path, id);
			await writeFile(path, Buffer.from(value, 'base64'), { mode: 0o600, flag: 'wx' });
			files.push({ id, path });
		}
		return { files, remove };
	} catch (error) {
		await remove();
		throw error;
	}
}
