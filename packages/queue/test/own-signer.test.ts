import { access, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownSigner } from '../src/index.js';
import { temporaryDirectory } from './queue-site.js';

test('a key is made once, also where two want it at the same time, and kept from others', async () => {
	const XDG_STATE_HOME = await temporaryDirectory();
	const make = () => ownSigner({ owner: 'mine' }, { XDG_STATE_HOME });
	const signer = make();
	const [one, other] = await Promise.all([signer.key(), make().key()]);
	expect(other).toEqual(one);
	expect(await make().key()).toEqual(one);
	expect(signer.builderId).toMatch(/^container-builder:\/\/[^/]+\/mine$/);
	const path = join(XDG_STATE_HOME, 'container-builder/mine/provenance.pem');
	expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('who only verifies makes none, and one that cannot be kept is told', async () => {
	const directory = await temporaryDirectory();
	const key = join(directory, 'key.pem');
	await expect(ownSigner({ owner: 'mine', key, create: false }).key()).rejects.toMatchObject({
		code: 'not-found',
	});
	await expect(access(key)).rejects.toMatchObject({ code: 'ENOENT' });
	await writeFile(join(directory, 'file'), '');
	const signer = ownSigner({ owner: 'mine', key: join(directory, 'file/key.pem') });
	await expect(signer.key()).rejects.toMatchObject({
		code: 'invalid-configuration',
		message: expect.stringContaining('file/key.pem'),
	});
});
