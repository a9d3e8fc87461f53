import { X509Certificate } from 'node:crypto';
import type { TlsIdentity } from '@olcf/container-builder-core';
import { generate } from 'selfsigned';

/** A self-signed certificate with its key, and its fingerprint. */
export async function makeIdentity(): Promise<{ identity: TlsIdentity; fingerprint: string }> {
	const { cert, private: key } = await generate([{ name: 'commonName', value: 'container-builder test' }], {
		keyType: 'ec',
	});
	const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
	return { identity: { certificate: cert, key }, fingerprint };
}
