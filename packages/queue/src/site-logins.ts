import { open } from 'node:fs/promises';
import { ContainerBuilderError, parseAuthFile, type RegistryLogin } from '@olcf/container-builder-core';

/** Anybody on the machine could read or write it. */
const OTHERS = 0o007;

/**
 * The site's own registry logins, from a file in the format of Docker's `config.json`. Rejects with
 * `invalid-configuration` where it cannot be read, where others can, or where it leaves the logins to another program.
 */
export async function readSiteLogins(path: string): Promise<readonly RegistryLogin[]> {
	const text = await readPrivately(path);
	let file: ReturnType<typeof parseAuthFile>;
	try {
		file = parseAuthFile(text);
	} catch (error) {
		const { message, hint } = ContainerBuilderError.from(error);
		throw invalid(`${path}: ${message}`, hint);
	}
	const helper = file.credentialStore ?? Object.values(file.credentialHelpers)[0];
	if (helper !== undefined) {
		throw invalid(
			`${path} leaves logins to the program docker-credential-${helper}`,
			'A queue asks no such program: write the logins into the file itself.',
		);
	}
	if (file.logins.length === 0) {
		throw invalid(`${path} has no login in it`, 'Log in to the registries, or leave registries: out.');
	}
	return file.logins;
}

async function readPrivately(path: string): Promise<string> {
	const file = await open(path).catch((cause: unknown) => {
		throw invalid(`${path} cannot be read: ${ContainerBuilderError.from(cause).message}`, undefined, cause);
	});
	try {
		const { mode } = await file.stat();
		if ((mode & OTHERS) !== 0) {
			throw invalid(
				`everybody on this machine could use the logins in ${path}`,
				`Keep it from others: chmod o= ${path}`,
			);
		}
		return await file.readFile('utf8');
	} catch (cause) {
		const error = ContainerBuilderError.from(cause);
		throw error.code === 'invalid-configuration'
			? error
			: invalid(`${path} cannot be read: ${error.message}`, undefined, cause);
	} finally {
		await file.close();
	}
}

function invalid(message: string, hint: string | undefined, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('invalid-configuration', message, { hint, cause });
}
