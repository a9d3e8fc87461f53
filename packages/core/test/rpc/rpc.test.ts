import { type Channel, ContainerBuilderError, deferred } from '@olcf/container-builder-core';
import { type Handlers, RpcClient, serveRpc } from '@olcf/container-builder-core/protocol';
import { memoryTransport } from '@olcf/container-builder-testing';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineMethods } from '../../src/rpc/define-methods.js';

const methods = defineMethods({
	add: {
		params: z.strictObject({ a: z.number(), b: z.number() }),
		result: z.strictObject({ sum: z.number() }),
	},
	count: {
		params: z.strictObject({ to: z.number() }),
		result: z.strictObject({}),
		event: z.strictObject({ n: z.number() }),
	},
	wait: { params: z.strictObject({}), result: z.strictObject({}) },
	fail: { params: z.strictObject({}), result: z.strictObject({}) },
	lie: { params: z.strictObject({}), result: z.strictObject({ truth: z.boolean() }) },
});

async function pair(): Promise<readonly [Channel, Channel]> {
	const transport = memoryTransport();
	const listener = await transport.listen({ url: 'memory:rpc' });
	const connecting = transport.connect({ url: 'memory:rpc' }, { channel: 'build', version: 1 });
	const { value: incoming } = await listener[Symbol.asyncIterator]().next();
	const server: Channel = await incoming.accept();
	const client = await connecting;
	onTestFinished(async () => {
		await client.close();
		await server.close();
		await listener.close();
	});
	return [client, server];
}

async function served(overrides: Partial<Handlers<typeof methods>> = {}) {
	const [channel, server] = await pair();
	const serving = serveRpc(server, methods, {
		add: async ({ a, b }) => ({ sum: a + b }),
		count: async ({ to }, { emit }) => {
			for (let n = 1; n <= to; n++) await emit({ n });
			return {};
		},
		wait: () => new Promise(() => {}),
		fail: async () => {
			throw new ContainerBuilderError('busy', 'not now', { hint: 'Later.', details: { n: 1 } });
		},
		// What a daemon of another version might say.
		lie: async () => ({ truth: 'no' }) as object as { truth: boolean },
		...overrides,
	});
	return { client: new RpcClient(channel, methods), channel, server, serving };
}

test('many calls at a time, each with its own answer', async () => {
	const { client } = await served();
	const sums = await Promise.all(
		Array.from({ length: 500 }, (_, n) => client.call('add', { a: n, b: 1 }).then(({ sum }) => sum)),
	);
	expect(sums).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
});

test('events come before the answer, in order, one at a time', async () => {
	const { client } = await served();
	const seen: number[] = [];
	let running = 0;
	await client.call(
		'count',
		{ to: 20 },
		{
			onEvent: async ({ n }) => {
				expect(++running).toBe(1);
				await new Promise((resolve) => setImmediate(resolve));
				running--;
				seen.push(n);
			},
		},
	);
	expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
});

test('an error crosses with code, hint and details', async () => {
	const { client } = await served();
	await expect(client.call('fail', {})).rejects.toMatchObject({
		code: 'busy',
		message: 'not now',
		hint: 'Later.',
		retryable: true,
		details: { n: 1 },
	});
});

test('a defect of a handler is told as internal', async () => {
	const { client } = await served({
		add: async () => {
			throw new TypeError('oops');
		},
	});
	await expect(client.call('add', { a: 1, b: 2 })).rejects.toMatchObject({
		code: 'internal',
		message: 'oops',
	});
	expect(await client.call('count', { to: 0 })).toEqual({});
});

test('wrong parameters are refused, the channel lives on', async () => {
	const { client } = await served();
	await expect(client.call('add', { a: 'x' as never, b: 1 })).rejects.toMatchObject({
		code: 'protocol',
		message: expect.stringContaining('a: '),
	});
	await expect(client.call('toString' as 'add', { a: 1, b: 1 })).rejects.toThrow(TypeError);
	expect(await client.call('add', { a: 1, b: 1 })).toEqual({ sum: 2 });
});

test.each(['nonsense', 'toString', '__proto__'])('there is no method %s', async (method) => {
	const [channel, server] = await pair();
	const serving = serveRpc(server, { add: methods.add }, { add: async () => ({ sum: 0 }) });
	await channel.send(JSON.stringify({ type: 'request', id: 1, method, params: {} }));
	const { value } = await channel[Symbol.asyncIterator]().next();
	expect(JSON.parse(String(value))).toMatchObject({ type: 'failure', id: 1, error: { code: 'unsupported' } });
	await channel.close();
	await serving;
});

test('an answer that breaks its schema ends the call, and the channel', async () => {
	const { client } = await served();
	await expect(client.call('lie', {})).rejects.toMatchObject({ code: 'protocol' });
	await client.closed;
});

test('aborting a call tells the other side', async () => {
	const heard = deferred<string>();
	const { client } = await served({
		wait: (_, { signal }) =>
			new Promise((resolve) => {
				signal.addEventListener('abort', () => {
					heard.resolve('aborted');
					resolve({});
				});
			}),
	});
	const controller = new AbortController();
	const waiting = client.call('wait', {}, { signal: controller.signal });
	setImmediate(() => controller.abort('enough'));
	await expect(waiting).rejects.toMatchObject({ code: 'canceled', message: 'enough' });
	expect(await heard.promise).toBe('aborted');
	expect(await client.call('add', { a: 1, b: 1 })).toEqual({ sum: 2 });
});

test('a signal that is aborted already sends nothing', async () => {
	const { client } = await served({
		wait: async () => {
			throw new TypeError('must not be called');
		},
	});
	await expect(client.call('wait', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
		code: 'canceled',
	});
});

test('when the connection breaks, open calls and later ones reject, and handlers are aborted', async () => {
	const aborted = deferred();
	const { client, channel, serving } = await served({
		wait: (_, { signal }) =>
			new Promise((resolve) => {
				signal.addEventListener('abort', () => {
					aborted.resolve();
					resolve({});
				});
			}),
	});
	const waiting = client.call('wait', {});
	await new Promise((resolve) => setImmediate(resolve));
	channel.abort('cut');
	await expect(waiting).rejects.toMatchObject({ code: 'connection-lost' });
	await expect(client.call('add', { a: 1, b: 1 })).rejects.toMatchObject({ code: 'connection-lost' });
	await aborted.promise;
	await serving;
});

test.each([
	['bytes', Buffer.from('x')],
	['no JSON', '{'],
	['no request', '{"type":"greeting"}'],
	['an id that is no number', '{"type":"request","id":"1","method":"add","params":{}}'],
])('the serving side ends a channel with %s', async (_, frame) => {
	const [channel, server] = await pair();
	const serving = serveRpc(server, { add: methods.add }, { add: async () => ({ sum: 0 }) });
	await channel.send(frame);
	expect(await channel.closed).toMatchObject({ code: 'protocol' });
	await serving;
});

test.each([
	['bytes', Buffer.from('x')],
	['no JSON', '{'],
	['an answer of no type', '{"id":1}'],
])('the calling side ends a channel with %s', async (_, frame) => {
	const [channel, server] = await pair();
	const client = new RpcClient(channel, methods);
	const waiting = client.call('wait', {});
	await server.send(frame);
	await expect(waiting).rejects.toMatchObject({ code: 'protocol' });
	await server.closed;
});

test('an id that is open may not be used again', async () => {
	const [channel, server] = await pair();
	const handlers = { wait: () => new Promise<never>(() => {}) };
	const serving = serveRpc(server, { wait: methods.wait }, handlers);
	const request = JSON.stringify({ type: 'request', id: 1, method: 'wait', params: {} });
	await channel.send(request);
	await channel.send(request);
	expect(await channel.closed).toMatchObject({ code: 'protocol' });
	await serving;
});

test('answers to what was never asked are ignored', async () => {
	const [channel, server] = await pair();
	const client = new RpcClient(channel, methods);
	await server.send(JSON.stringify({ type: 'response', id: 99, result: {} }));
	const serving = serveRpc(server, { add: methods.add }, { add: async ({ a, b }) => ({ sum: a + b }) });
	expect(await client.call('add', { a: 2, b: 2 })).toEqual({ sum: 4 });
	await client.close();
	await serving;
});
