import { once } from 'node:events';
import type { CloseInfo } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { pair } from './echo.js';

/** The codes of RFC 6455 are spoken with whatever WebSocket library is at the other end. */
async function foreign(): Promise<{
	socket: WebSocket;
	channel: Awaited<ReturnType<typeof pair>>['server'];
}> {
	const listener = await ws().listen({ url: 'ws://127.0.0.1:0' });
	onTestFinished(() => listener.close());
	const [endpoint] = listener.endpoints;
	const socket = new WebSocket(
		`${endpoint?.url}/container-builder/v7/output`,
		['chat', 'container-builder'],
		{
			headers: { authorization: 'bearer abc' },
		},
	);
	const { value } = await listener[Symbol.asyncIterator]().next();
	expect(value.request).toEqual({ channel: 'output', version: 7, token: 'abc' });
	const channel = await value.accept();
	await once(socket, 'open');
	return { socket, channel };
}

const incoming: [number | undefined, CloseInfo['code']][] = [
	[undefined, 'normal'],
	[1000, 'normal'],
	[1001, 'going-away'],
	[1002, 'protocol'],
	[1007, 'protocol'],
	[1008, 'protocol'],
	[1009, 'too-large'],
	[1011, 'lost'],
	[1012, 'going-away'],
	[3000, 'lost'],
	[4000, 'timeout'],
];
for (const [code, expected] of incoming) {
	test(`a close frame with ${code} means ${expected}`, async () => {
		const { socket, channel } = await foreign();
		expect(socket.protocol).toBe('container-builder');
		expect(socket.extensions).toBe('');
		socket.close(code, code === undefined ? undefined : 'why');
		expect(await channel.closed).toEqual({
			code: expected,
			...(code === undefined ? {} : { reason: 'why' }),
		});
	});
}

const outgoing: [CloseInfo['code'], number][] = [
	['normal', 1000],
	['going-away', 1001],
	['protocol', 1002],
	['too-large', 1009],
	['timeout', 4000],
	['lost', 4001],
];
for (const [code, expected] of outgoing) {
	test(`closing as ${code} sends ${expected}, with at most 120 bytes of reason`, async () => {
		const { socket, channel } = await foreign();
		const closed = new Promise<[number, string]>((resolve) => {
			socket.on('close', (found, reason) => resolve([found, reason.toString()]));
		});
		await channel.close({ code, reason: '🚀'.repeat(100) });
		expect(await closed).toEqual([expected, '🚀'.repeat(30)]);
	});
}
