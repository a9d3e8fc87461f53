import { declarationDigest, declarationOf } from '@olcf/container-builder-core/protocol';
import { expect, it } from 'vitest';
import { request, startBuilder } from './support/start-builder.js';

const secrets = [{ id: 'token', value: Buffer.from('x').toString('base64') }];
const declared = (): string => {
	const { architecture, ...rest } = request();
	return declarationDigest(declarationOf(rest, ['token']), architecture);
};

it('a builder builds what its queue was told, and nothing else', async () => {
	await using builder = await startBuilder();
	const control = await builder.lease({ declarationSha256: declared() });
	const client = builder.connect();
	for (const changes of [
		{ definition: 'Bootstrap: scratch\n%post\n    evil\n' },
		{ arguments: { A: 'another' } },
		{ format: 'oci-archive' },
		{ secrets: [] },
		{ context: { digest: '11'.repeat(32), size: 0, entries: 0 } },
	] as const) {
		await expect(client.start({ ...request({ secrets }), ...changes })).rejects.toMatchObject({
			code: 'forbidden',
		});
	}
	// Nothing of it was begun, and what was declared still can be.
	expect(await control.call('probe', {})).toMatchObject({ phase: 'leased', backendStarted: false });
	expect((await client.start(request({ secrets }))).phase).not.toBe('leased');
});
