import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError, type RegistryLogin } from '@olcf/container-builder-core';

/** What identity tokens have for a name, as Docker writes them. */
const TOKEN_NAME = '<token>';

/**
 * Writes one login, for all of one registry, where only this user can read it; calls back with the path; removes it.
 * Throws `unsupported` where there is no directory in memory.
 */
export async function withAuthFile<T>(
	directory: string | undefined,
	registry: string,
	login: RegistryLogin,
	use: (path: string) => Promise<T>,
): Promise<T> {
	if (directory === undefined) {
		throw new ContainerBuilderError(
			'unsupported',
			`this builder has no file system in memory to keep the login at ${registry} on`,
		);
	}
	const path = join(directory, `login-${randomUUID()}`);
	try {
		await writeFile(path, authFileText(registry, login), { mode: 0o600, flag: 'wx' });
		return await use(path);
	} finally {
		await rm(path, { force: true });
	}
}

function authFileText(registry: string, { username, password, identityToken }: RegistryLogin): string {
	const auth = Buffer.from(`${username ?? TOKEN_NAME}:${password ?? ''}`).toString('base64');
	const entry = identityToken === undefined ? { auth } : { auth, identitytoken: identityToken };
	return JSON.stringify({ auths: { [registry]: entry } });
}
