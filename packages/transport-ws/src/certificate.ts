import { createHash, X509Certificate } from 'node:crypto';

/** SHA-256 of a certificate in its DER form, as `Endpoint.fingerprint` has it. */
export function fingerprintOf(certificate: { readonly pem: string } | { readonly der: Uint8Array }): string {
	const der = 'der' in certificate ? certificate.der : new X509Certificate(certificate.pem).raw;
	return createHash('sha256').update(der).digest('hex');
}
