import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';

/** What a TLS server says first, and who it is. */
export interface ServerHello {
	/** Hexadecimal; RFC 5246, section 7.4.1.3. */
	readonly random: string;
	/** Its public key, hexadecimal; SubjectPublicKeyInfo. */
	readonly key: string;
}

/** Greets a TLS server of loopback as openssl does. */
export function serverHello(port: number): ServerHello {
	const args = ['s_client', '-tls1_2', '-msg', '-connect', `127.0.0.1:${port}`];
	const { stdout } = spawnSync('openssl', args, { input: '', encoding: 'utf8' });
	const hello = /ServerHello\n([0-9a-f\s]+)/.exec(stdout)?.[1]?.replaceAll(/\s/g, '') ?? '';
	const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? '';
	// Type, length and version come before: 1, 3 and 2 bytes.
	const random = hello.slice(12, 12 + 64);
	const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
	return { random, key: key.toString('hex') };
}
