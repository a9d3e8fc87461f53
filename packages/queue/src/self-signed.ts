import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ContainerBuilderError, type TlsIdentity } from '@olcf/container-builder-core';

const DAY_MS = 86_400_000;
const VALID_MS = 3650 * DAY_MS;

/**
 * The certificate that a queue has made for itself, and its key: made once, then kept in its directory. Nobody has signed
 * it: clients know it by its fingerprint. Rejects with `invalid-configuration` where it cannot be kept.
 */
export async function selfSigned(directory: string): Promise<TlsIdentity> {
	const path = join(directory, 'tls.json');
	try {
		const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
			if (error.code === 'ENOENT') return undefined;
			throw error;
		});
		if (kept !== undefined) return parse(kept);
		const identity = await make();
		await mkdir(directory, { recursive: true, mode: 0o700 });
		// Of two processes that start at the same time one makes it, and both show it.
		await writeFile(path, JSON.stringify(identity), { mode: 0o600, flag: 'wx' }).catch(
			(error: NodeJS.ErrnoException) => {
				if (error.code !== 'EEXIST') throw error;
			},
		);
		return parse(await readFile(path, 'utf8'));
	} catch (cause) {
		const { message } = ContainerBuilderError.from(cause);
		throw new ContainerBuilderError(
			'invalid-configuration',
			`the queue's own certificate cannot be kept in ${path}: ${message}`,
			{ cause, hint: 'Mend or remove the file, or name a certificate and its key under tls.' },
		);
	}
}

function parse(text: string): TlsIdentity {
	const value: unknown = JSON.parse(text);
	const isIdentity =
		typeof value === 'object' &&
		value !== null &&
		'certificate' in value &&
		typeof value.certificate === 'string' &&
		'key' in value &&
		typeof value.key === 'string';
	if (!isIdentity) throw new TypeError('it holds something else');
	const { certificate, key } = value as TlsIdentity;
	return { certificate, key };
}

async function make(): Promise<TlsIdentity> {
	// Slow to load, and needed once.
	const {
		default: { generate },
	} = await import('selfsigned');
	const { cert, private: key } = await generate([{ name: 'commonName', value: hostname() }], {
		keyType: 'ec',
		algorithm: 'sha256',
		// Clocks differ.
		notBeforeDate: new Date(Date.now() - DAY_MS),
		notAfterDate: new Date(Date.now() + VALID_MS),
	});
	return { certificate: cert, key };
}
