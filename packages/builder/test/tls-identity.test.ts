import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { makeTlsIdentity } from '../src/server/tls-identity.js';

it('each daemon makes a key of its own, with a certificate that matches it', async () => {
	const [one, other] = await Promise.all([makeTlsIdentity('builder-1'), makeTlsIdentity('builder-1')]);
	const certificate = new X509Certificate(one.certificate);
	expect(certificate.checkPrivateKey(createPrivateKey(one.key))).toBe(true);
	expect(certificate.verify(certificate.publicKey)).toBe(true);
	expect(certificate.subject).toBe('CN=builder-1');
	expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
	expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
	expect(new X509Certificate(other.certificate).fingerprint256).not.toBe(certificate.fingerprint256);
});
