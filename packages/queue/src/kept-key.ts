import { generateKeyPair } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ContainerBuilderError } from '@olcf/container-builder-core';

/**
 * The private key in a file, PKCS #8 in PEM: with `create` an Ed25519 key is made there, readable by its owner alone, where
 * there is none yet. Rejects with `invalid-configuration` where it cannot be read or kept, with `not-found` where it is not
 * there.
 */
export async function keptKey(path: string, options: { readonly create: boolean }): Promise<string> {
	try {
		return await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
			if (error.code !== 'ENOENT') throw error;
			if (!options.create) throw noKey(path);
			await mkdir(dirname(path), { recursive: true, mode: 0o700 });
			// Of two processes that start at the same time one makes it, and both sign with it.
			await writeFile(path, await make(), { mode: 0o600, flag: 'wx' }).catch(
				(taken: NodeJS.ErrnoException) => {
					if (taken.code !== 'EEXIST') throw taken;
				},
			);
			return await readFile(path, 'utf8');
		});
	} catch (cause) {
		if (cause instanceof ContainerBuilderError) throw cause;
		const { message } = ContainerBuilderError.from(cause);
		throw new ContainerBuilderError(
			'invalid-configuration',
			`the key that provenances are signed with cannot be kept in ${path}: ${message}`,
			{ cause, hint: 'Mend the file, or name another one under provenance: key.' },
		);
	}
}

function noKey(path: string): ContainerBuilderError {
	return new ContainerBuilderError(
		'not-found',
		`there is no key ${path}: no queue of yours has signed anything here`,
		{
			hint: 'Name the queue whose image it is by --queue, or its public key by --key.',
		},
	);
}

async function make(): Promise<string> {
	const { privateKey } = await promisify(generateKeyPair)('ed25519');
	return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
