import { memoryTransport } from '@olcf/container-builder-testing';
import { testTransport } from '@olcf/container-builder-testing/transport';
import { describe, expect, test } from 'vitest';
import { makeIdentity } from './identity.js';

const { identity, fingerprint } = await makeIdentity();

describe('memory transport: conformance', () => {
	testTransport({
		test,
		capabilities: { tls: true },
		timeScale: 0.02,
		setup: () => ({
			transport: memoryTransport({ acceptTimeoutMs: 200 }),
			listenOptions: () => ({ url: 'memory:' }),
			nowhere: { url: 'memory:nowhere' },
			maxBufferedBytes: 4 * 2 ** 20,
			tls: { identity, fingerprint, listenOptions: () => ({ url: 'memory:', tls: identity }) },
		}),
	});
});

describe('memory transport: means to break it', () => {
	const request = { channel: 'control', version: 1 } as const;

	test('breakChannels ends both sides as lost, of the chosen channels only', async () => {
		const transport = memoryTransport();
		const listener = await transport.listen({ url: 'memory:a' });
		const incoming = listener[Symbol.asyncIterator]();
		const open = async (channel: 'control' | 'build') => {
			const connecting = transport.connect({ url: 'memory:a' }, { channel, version: 1 });
			const server = await (await incoming.next()).value.accept();
			return { client: await connecting, server };
		};
		const control = await open('control');
		const build = await open('build');
		expect(transport.breakChannels({ channel: 'control' })).toBe(1);
		expect((await control.client.closed).code).toBe('lost');
		expect((await control.server.closed).code).toBe('lost');
		await build.client.send('alive');
		expect((await build.server[Symbol.asyncIterator]().next()).value).toBe('alive');
		expect(transport.breakChannels({ url: 'memory:b' })).toBe(0);
		expect(transport.breakChannels()).toBe(1);
	});

	test('setReachable lets an endpoint vanish and come back', async () => {
		const transport = memoryTransport();
		const listener = await transport.listen({ url: 'memory:a' });
		expect(transport.listening).toEqual(['memory:a']);
		transport.setReachable('memory:a', false);
		await expect(transport.connect({ url: 'memory:a' }, request)).rejects.toMatchObject({
			code: 'builder-unreachable',
		});
		transport.setReachable('memory:a', true);
		const connecting = transport.connect({ url: 'memory:a' }, request);
		const { value } = await listener[Symbol.asyncIterator]().next();
		await value.accept();
		await connecting;
		await listener.close();
		expect(transport.listening).toEqual([]);
	});
});
