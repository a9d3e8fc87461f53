import assert from 'node:assert/strict';
import type { Channel, Frame } from '@olcf/container-builder-core';
import { background, within } from '../suite.js';
import type { TransportTest } from './transport-fixture.js';

const MEBIBYTE = 2 ** 20;

export function testFrames(test: TransportTest): void {
	test('frames: order and borders are kept, both ways', async (session) => {
		const { client, server } = await session.pair();
		const frames = [0, 1, 2, 125, 126, 127, 1_000, 65_535, 65_536, 100_000, 0, MEBIBYTE, 3].map(pattern);
		for (const [from, to] of [
			[client, server],
			[server, client],
		] as const) {
			const sending = sendAll(from, frames);
			for (const expected of frames) assertFrame(await next(to), expected);
			await sending;
		}
	});

	test('frames: text and bytes are kept apart', async (session) => {
		const { client, server } = await session.pair();
		const frames: Frame[] = [
			'{"a":1}',
			new TextEncoder().encode('{"a":1}'),
			'',
			new Uint8Array(0),
			'ünïcödé – 漢字 🚀 \u0000 \r\n',
			new Uint8Array([0xff, 0xfe, 0x00, 0x80]),
			'x'.repeat(200_000),
		];
		const sending = sendAll(client, frames);
		for (const expected of frames) assertFrame(await next(server), expected);
		await sending;
	});

	test('frames: part of a larger buffer is sent as that part', async (session) => {
		const { client, server } = await session.pair();
		const whole = pattern(1_000);
		await client.send(whole.subarray(100, 300));
		assertFrame(await next(server), whole.slice(100, 300));
	});

	test('frames: a buffer may be changed once send has resolved', async (session) => {
		const { client, server } = await session.pair();
		for (const [from, to] of [
			[client, server],
			[server, client],
		] as const) {
			const count = 24;
			const buffer = new Uint8Array(MEBIBYTE / 4);
			const sending = background(
				(async () => {
					for (let index = 0; index < count; index++) {
						buffer.fill(index);
						await from.send(buffer);
					}
					buffer.fill(255);
				})(),
			);
			for (let index = 0; index < count; index++) {
				const frame = await next(to);
				assert.ok(typeof frame !== 'string' && frame.length === buffer.length);
				assert.equal(
					frame.findIndex((byte) => byte !== index),
					-1,
					`frame ${index} holds what was sent then`,
				);
			}
			await sending;
		}
	});

	test('frames: one of 4 MiB passes', async (session) => {
		const { client, server } = await session.pair();
		const large = pattern(4 * MEBIBYTE);
		for (const [from, to] of [
			[client, server],
			[server, client],
		] as const) {
			const sending = background(from.send(large));
			assertFrame(await next(to), large);
			await sending;
		}
	});

	test('frames: one over the limit ends the channel as too-large on both sides', async (session) => {
		const { client, server } = await session.pair({ maxFrameBytes: 10_000 });
		await client.send(pattern(10_000));
		assertFrame(await next(server), pattern(10_000));
		const sending = client.send(pattern(10_001)).catch(() => {});
		assert.equal((await within(server.closed, 'the end at the receiver')).code, 'too-large');
		assert.equal((await within(client.closed, 'the end at the sender')).code, 'too-large');
		await sending;
		await assert.rejects(server[Symbol.asyncIterator]().next(), 'the receiver iterates no further');
	});

	test('frames: 10,000 small ones, each awaited', async (session) => {
		const { client, server } = await session.pair();
		const sending = background(
			(async () => {
				for (let index = 0; index < 10_000; index++) await client.send(`frame ${index}`);
			})(),
		);
		for (let index = 0; index < 10_000; index++) assert.equal(await next(server), `frame ${index}`);
		await sending;
	});

	test('frames: 10,000 small ones, none awaited', async (session) => {
		const { client, server } = await session.pair();
		const sending: Promise<void>[] = [];
		for (let index = 0; index < 10_000; index++) {
			sending.push(
				background(client.send(index % 2 === 0 ? `${index}` : new TextEncoder().encode(`${index}`))),
			);
		}
		for (let index = 0; index < 10_000; index++) {
			const frame = await next(server);
			assert.equal(typeof frame, index % 2 === 0 ? 'string' : 'object');
			assert.equal(typeof frame === 'string' ? frame : new TextDecoder().decode(frame), `${index}`);
		}
		await Promise.all(sending);
	});

	test('frames: an iteration that was broken off goes on', async (session) => {
		const { client, server } = await session.pair();
		for (let index = 0; index < 9; index++) await client.send(`${index}`);
		await client.close();
		const seen: Frame[] = [];
		for (let round = 0; round < 3; round++) {
			let left = 2;
			for await (const frame of server) {
				seen.push(frame);
				if (left-- === 0) break;
			}
		}
		for await (const frame of server) seen.push(frame);
		assert.deepEqual(seen, ['0', '1', '2', '3', '4', '5', '6', '7', '8']);
	});

	test('frames: several readers at once share them in order', async (session) => {
		const { client, server } = await session.pair();
		const readers = [next(server), next(server), next(server)];
		for (const text of ['a', 'b', 'c']) await client.send(text);
		assert.deepEqual(await Promise.all(readers), ['a', 'b', 'c']);
	});

	test('frames: channels through one listener do not mix', async (session) => {
		const listener = await session.listen();
		const pairs: Awaited<ReturnType<typeof session.pairThrough>>[] = [];
		for (let index = 0; index < 20; index++) pairs.push(await session.pairThrough(listener));
		await Promise.all(pairs.map(({ client }, index) => client.send(`to ${index}`)));
		for (const [index, { server }] of pairs.entries()) assert.equal(await next(server), `to ${index}`);
		await Promise.all(pairs.map(({ server }, index) => server.send(`from ${index}`)));
		for (const [index, { client }] of pairs.entries()) assert.equal(await next(client), `from ${index}`);
	});
}

function next(channel: Channel): Promise<Frame> {
	return background(read(channel));
}

async function read(channel: Channel): Promise<Frame> {
	const { done, value } = await within(channel[Symbol.asyncIterator]().next(), 'a frame');
	assert.ok(!done, 'a frame must come, not the end');
	return value;
}

function sendAll(channel: Channel, frames: readonly Frame[]): Promise<void> {
	const send = async (): Promise<void> => {
		for (const frame of frames) await channel.send(frame);
	};
	return background(send());
}

function pattern(size: number): Uint8Array {
	return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8) + size) & 0xff);
}

function assertFrame(actual: Frame, expected: Frame): void {
	if (typeof expected === 'string' || typeof actual === 'string') {
		assert.equal(typeof actual, typeof expected, 'text stays text, bytes stay bytes');
		assert.equal(actual, expected);
		return;
	}
	assert.ok(actual instanceof Uint8Array);
	assert.equal(actual.length, expected.length);
	assert.equal(Buffer.compare(actual, expected), 0, `the ${expected.length} bytes are the same`);
}
