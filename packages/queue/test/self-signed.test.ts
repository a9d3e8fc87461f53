import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { selfSigned } from '../src/self-signed.js';
import { temporaryDirectory } from './queue-site.js';

test('a queue makes its certificate once, also where two start at the same time, and keeps the key to itself', async () => {
	const directory = join(await temporaryDirectory(), 'state');
	const [one, other] = await Promise.all([selfSigned(directory), selfSigned(directory)]);
	expect(other).toEqual(one);
	expect(await selfSigned(directory)).toEqual(one);
	const certificate = new X509Certificate(one.certificate);
	expect(certificate.verify(certificate.publicKey)).toBe(true);
	expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(3_000 * 86_400_000);
	expect((await stat(join(directory, 'tls.json'))).mode & 0o777).toBe(0o600);
});

test('a file that is none of ours is told, and stays', async () => {
	const directory = await temporaryDirectory();
	for (const text of ['{}', 'nonsense', '{"certificate": 1, "key": 2}']) {
		await writeFile(join(directory, 'tls.json'), text);
		await expect(selfSigned(directory)).rejects.toMatchObject({ code: 'invalid-configuration' });
		expect(await readFile(join(directory, 'tls.json'), 'utf8')).toBe(text);
	}
});
