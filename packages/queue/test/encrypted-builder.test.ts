import { join } from 'node:path';
import { script, serveBuilder } from '@olcf/container-builder-builder';
import { BuilderQueue, type Lease, RemoteBuilder } from '@olcf/container-builder-core';
import { decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { fakeProvider } from '@olcf/container-builder-testing';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, it } from 'vitest';
import { afterwards, temporaryDirectory } from './queue-site.js';

function builderOf({ builderId, endpoint, token }: Pick<Lease, 'builderId' | 'endpoint' | 'token'>) {
	const builder = new RemoteBuilder({ id: builderId, endpoint, token, transports: [ws()] });
	afterwards(() => builder.close());
	return builder;
}

it('pins the certificate of a builder that has proved it, and hands out a token that it takes', async () => {
	const directory = await temporaryDirectory();
	const provider = fakeProvider({
		capabilities: { listen: { url: 'wss://127.0.0.1:0' } },
		onBoot: async (machine, bootstrap) => {
			const daemon = await serveBuilder({
				transport: ws(),
				backends: [script(['true'])],
				bootstrap: decodeBootstrap(bootstrap),
				directory: join(directory, machine.builderId),
			});
			// As a cloud would tell it: without a word of the certificate.
			return { endpoint: { url: daemon.endpoints[0]?.url ?? '' }, close: () => daemon.close() };
		},
	});
	afterwards(() => provider[Symbol.asyncDispose]());
	const queue = new BuilderQueue({ provider, transports: [ws()], owner: 'encrypted' });
	afterwards(() => queue.close());

	const { lease } = await queue.checkout({ buildId: 'build-0001' }).granted;
	expect(lease.endpoint.url).toMatch(/^wss:/);
	expect(lease.endpoint.fingerprint).toMatch(/^[0-9a-f]{64}$/);
	expect(await builderOf(lease).info()).toEqual(lease.builder);
	expect(await builderOf(await queue.resume('build-0001')).info()).toEqual(lease.builder);
	await expect(builderOf({ ...lease, token: 'x'.repeat(43) }).info()).rejects.toMatchObject({
		code: 'unauthenticated',
	});
	const endpoint = { ...lease.endpoint, fingerprint: '0'.repeat(64) };
	await expect(builderOf({ ...lease, endpoint }).info()).rejects.toMatchObject({
		code: 'fingerprint-mismatch',
	});
});
