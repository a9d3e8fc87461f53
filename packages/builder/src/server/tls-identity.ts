import type { TlsIdentity } from '@olcf/container-builder-core';

const VALID_MS = 366 * 24 * 3600 * 1000;

/**
 * A new key pair with a certificate of its own. Nobody checks its names or dates, and this machine's clock may be
 * wrong: the other side knows it by its fingerprint.
 */
export async function makeTlsIdentity(builderId: string): Promise<TlsIdentity> {
	// Not needed over unix sockets, and slow to load.
	const {
		default: { generate },
	} = await import('selfsigned');
	const { cert, private: key } = await generate([{ name: 'commonName', value: builderId }], {
		keyType: 'ec',
		algorithm: 'sha256',
		notBeforeDate: new Date(Date.now() - VALID_MS),
		notAfterDate: new Date(Date.now() + VALID_MS),
	});
	return { certificate: cert, key };
}
