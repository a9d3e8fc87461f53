import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Channel, Listener } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, onTestFinished, test } from 'vitest';
import { echo, only } from './echo.js';

const transport = ws({ acceptTimeoutMs: 500, closeTimeoutMs: 500 });
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

async function listen(): Promise<{ listener: Listener; raw: () => Socket; port: number }> {
	const listener = await transport.listen({ url: 'ws://127.0.0.1:0', maxFrameBytes: 1_000 });
	const port = Number(new URL(only(listener).url).port);
	const raw = (): Socket => {
		const socket = connect(port, '127.0.0.1');
		socket.on('error', () => {});
		onTestFinished(() => void socket.destroy());
		return socket;
	};
	return { listener, raw, port };
}

function handshake(
	changes: Record<string, string | undefined> = {},
	path = '/container-builder/v1/build',
): string {
	const headers: Record<string, string | undefined> = {
		Host: 'x',
		Connection: 'Upgrade',
		Upgrade: 'websocket',
		'Sec-WebSocket-Version': '13',
		'Sec-WebSocket-Key': KEY,
		'Sec-WebSocket-Protocol': 'container-builder',
		...changes,
	};
	const lines = Object.entries(headers).flatMap(([name, value]) =>
		value === undefined ? [] : [`${name}: ${value}`],
	);
	return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** All that comes until the other side ends the connection. */
function answer(socket: Socket): Promise<string> {
	return new Promise((resolve) => {
		let text = '';
		socket.on('data', (data) => {
			text += data.toString('latin1');
		});
		socket.on('close', () => resolve(text));
	});
}

function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
	const head =
		payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 255];
	return Buffer.concat([Buffer.from([0x80 | opcode, ...head, 0, 0, 0, 0]), payload]);
}

async function stillServes(listener: Listener): Promise<void> {
	const channel = await transport.connect(only(listener), { channel: 'build', version: 1 });
	await channel.send('hello');
	expect((await channel[Symbol.asyncIterator]().next()).value).toBe('hello');
	await channel.close();
}

test('garbage, half a handshake, and silence', async () => {
	const { listener, raw } = await listen();
	echo(listener);
	const garbage = raw();
	const answered = answer(garbage);
	garbage.write(Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7) & 255)));
	expect(await answered).toContain('400 Bad Request');
	raw().write(handshake().slice(0, 60));
	raw();
	const reset = raw();
	reset.write(handshake().slice(0, 30));
	reset.resetAndDestroy();
	await stillServes(listener);
});

test('requests that are not for a channel are told so', async () => {
	const { listener, raw } = await listen();
	echo(listener);
	const wrong: [string, string, string][] = [
		[handshake({}, '/container-builder/v1/nonsense'), '404', 'not-found'],
		[handshake({}, '/container-builder/vx/build'), '404', 'not-found'],
		[handshake({}, '/elsewhere'), '404', 'not-found'],
		[handshake({ Origin: 'https://evil.example' }), '403', 'forbidden'],
		[handshake({ 'Sec-WebSocket-Protocol': 'chat' }), '400', 'unsupported'],
		[handshake({ 'Sec-WebSocket-Protocol': undefined }), '400', 'unsupported'],
		[handshake({ 'Sec-WebSocket-Key': 'short' }), '400', 'unsupported'],
		[handshake({ 'Sec-WebSocket-Version': '7' }), '400', 'unsupported'],
		[handshake({ Upgrade: 'h2c' }), '400', 'unsupported'],
	];
	for (const [text, status, code] of wrong) {
		const socket = raw();
		const answered = answer(socket);
		socket.write(text);
		const found = await answered;
		expect(found).toContain(`HTTP/1.1 ${status} `);
		expect(found).toContain(`"code":"${code}"`);
	}
	await stillServes(listener);
});

test('a plain HTTP request is told what the port is for', async () => {
	const { listener, port } = await listen();
	echo(listener);
	const status = await new Promise((resolve, reject) => {
		httpRequest({ port, host: '127.0.0.1', path: '/', agent: false }, (response) => {
			response.resume();
			resolve(response.statusCode);
		})
			.on('error', reject)
			.end();
	});
	expect(status).toBe(426);
});

test('frames that break the rules end their channel only', async () => {
	const { listener, raw } = await listen();
	const cases: [Buffer, string][] = [
		[maskedFrame(2, new Uint8Array(1_001)), 'too-large'],
		[Buffer.from([0x82, 0xff, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 'too-large'],
		[Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 'too-large'],
		[Buffer.from([0x82, 0x05, 1, 2, 3, 4, 5]), 'protocol'],
		[maskedFrame(1, Buffer.from([0xc3, 0x28])), 'protocol'],
		[maskedFrame(3, new Uint8Array(1)), 'protocol'],
		[Buffer.from([0xf2, 0x80, 0, 0, 0, 0]), 'protocol'],
		[maskedFrame(8, Buffer.from([0, 7])), 'protocol'],
	];
	for (const [bytes, code] of cases) {
		const socket = raw();
		socket.write(handshake());
		const { value } = await listener[Symbol.asyncIterator]().next();
		const channel: Channel = await value.accept();
		socket.write(bytes);
		const ended = await channel.closed;
		expect(ended.code, bytes.toString('hex', 0, 16)).toBe(code);
		await expect(channel[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'protocol' });
		socket.destroy();
	}
	const cut = raw();
	cut.write(handshake());
	const { value } = await listener[Symbol.asyncIterator]().next();
	const channel: Channel = await value.accept();
	cut.write(
		Buffer.concat([
			maskedFrame(1, Buffer.from('whole')),
			maskedFrame(1, Buffer.from('cut short')).subarray(0, 9),
		]),
	);
	cut.end();
	expect((await channel.closed).code).toBe('lost');
	expect((await channel[Symbol.asyncIterator]().next()).value).toBe('whole');
	await expect(channel[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'connection-lost' });
	echo(listener);
	await stillServes(listener);
});

test('what is sent right behind the handshake is not lost', async () => {
	const { listener, raw } = await listen();
	const socket = raw();
	socket.write(Buffer.concat([Buffer.from(handshake()), maskedFrame(1, Buffer.from('early'))]));
	const { value } = await listener[Symbol.asyncIterator]().next();
	const channel: Channel = await value.accept();
	expect((await channel[Symbol.asyncIterator]().next()).value).toBe('early');
	await listener.close();
});

test('pings without end are answered without hoarding', async () => {
	const { listener, raw } = await listen();
	const socket = raw();
	socket.pause();
	socket.write(handshake());
	const { value } = await listener[Symbol.asyncIterator]().next();
	const channel: Channel = await value.accept();
	for (let count = 0; count < 200; count++)
		socket.write(Buffer.concat(Array(500).fill(maskedFrame(9, Buffer.from('x')))));
	socket.write(maskedFrame(1, Buffer.from('after the pings')));
	expect((await channel[Symbol.asyncIterator]().next()).value).toBe('after the pings');
	channel.abort('enough');
	await listener.close();
});

test('who leaves before the answer harms nobody', async () => {
	const { listener, raw } = await listen();
	for (let count = 0; count < 20; count++) {
		const socket = raw();
		socket.write(handshake(), () => (count % 2 === 0 ? socket.destroy() : socket.resetAndDestroy()));
	}
	const last = transport.connect(only(listener), { channel: 'image', version: 1 });
	for await (const incoming of listener) {
		const accepted: Channel | undefined = await incoming.accept().catch(() => undefined);
		if (incoming.request.channel === 'image') break;
		if (accepted !== undefined) expect((await accepted.closed).code).toBe('lost');
	}
	await (await last).close();
	await listener.close();
});

test('one address that connects and says nothing does not keep the others out', async () => {
	const { listener, port } = await listen();
	echo(listener);
	const open = (localAddress: string): Promise<Socket | undefined> =>
		new Promise((resolve) => {
			const socket = connect({ port, host: '127.0.0.1', localAddress });
			onTestFinished(() => void socket.destroy());
			socket.on('error', () => {});
			socket.once('close', () => resolve(undefined));
			// One that is not taken is connected for a moment all the same.
			socket.once('connect', () => setTimeout(() => resolve(socket), 300));
		});
	// As long as they are let in, they may be as many as they like.
	const channels = await Promise.all(
		Array.from({ length: 50 }, () => transport.connect(only(listener), { channel: 'build', version: 1 })),
	);
	const silent = await Promise.all(Array.from({ length: 1_030 }, () => open('127.0.0.1')));
	const held = silent.filter((socket) => socket !== undefined);
	expect(held).toHaveLength(1_024);
	const other = await open('127.0.0.2');
	expect(other).toBeDefined();
	other?.write(handshake());
	expect(await new Promise((resolve) => other?.once('data', (data) => resolve(data.toString())))).toMatch(
		/^HTTP\/1\.1 101 /,
	);
	// Who goes makes room.
	held[0]?.destroy();
	await new Promise((resolve) => setTimeout(resolve, 100));
	await stillServes(listener);
	await Promise.all(channels.map((channel) => channel.close()));
});
