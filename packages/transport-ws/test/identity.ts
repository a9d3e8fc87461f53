import { X509Certificate } from 'node:crypto';
import type { TlsIdentity } from '@olcf/container-builder-core';
import { generate } from 'selfsigned';

/** A self-signed certificate with its key, for a host name or address, and its fingerprint. */
export async function makeIdentity(
	host = 'container-builder.example',
	notBefore = new Date(Date.now() - 60_000),
): Promise<{ identity: TlsIdentity; fingerprint: string }> {
	const altName = /^[\d.]+$/.test(host)
		? ({ type: 7, ip: host } as const)
		: ({ type: 2, value: host } as const);
	const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
		keyType: 'ec',
		notBeforeDate: notBefore,
		notAfterDate: new Date(notBefore.getTime() + 86_400_000),
		extensions: [{ name: 'subjectAltName', altNames: [altName] }],
	});
	const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
	return { identity: { certificate: cert, key }, fingerprint };
}
