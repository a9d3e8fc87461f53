import type { Channel } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, test } from 'vitest';
import { echo, only, pair } from './echo.js';
import { makeIdentity } from './identity.js';
import { temporaryDirectory } from './temporary-directory.js';

test('1,000 channels at once, all exchanging frames', async () => {
	const transport = ws();
	const listener = await transport.listen({ url: `ws+unix://${await temporaryDirectory()}/a.sock` });
	echo(listener);
	const endpoint = only(listener);
	const channels = await Promise.all(
		Array.from({ length: 1_000 }, () =>
			transport.connect(endpoint, { channel: 'build', version: 1, token: 'a' }),
		),
	);
	const iterators = channels.map((channel) => channel[Symbol.asyncIterator]());
	for (let round = 0; round < 3; round++) {
		await Promise.all(channels.map((channel, index) => channel.send(`${index}/${round}`)));
		const answers = await Promise.all(iterators.map((iterator) => iterator.next()));
		expect(answers.map(({ value }) => value)).toEqual(channels.map((_, index) => `${index}/${round}`));
	}
	await Promise.all(channels.map((channel) => channel.close()));
	const ends = await Promise.all(channels.map((channel) => channel.closed));
	expect(ends.filter(({ code }) => code === 'normal')).toHaveLength(1_000);
});

test('throughput, for the record', async () => {
	const { identity } = await makeIdentity();
	const directory = await temporaryDirectory();
	const transport = ws({ insecure: true });
	const places = {
		'ws+unix': { url: `ws+unix://${directory}/a.sock` },
		ws: { url: 'ws://127.0.0.1:0' },
		wss: { url: 'wss://127.0.0.1:0', tls: identity },
	};
	const size = 256 * 2 ** 20;
	const frame = new Uint8Array(256 * 1024).fill(7);
	for (const [name, place] of Object.entries(places)) {
		const { client, server } = await pair(transport, await transport.listen(place));
		for (const [direction, from, to] of [
			['down', server, client],
			['up', client, server],
		] as const) {
			const started = performance.now();
			const receiving = receive(to, size);
			for (let sent = 0; sent < size; sent += frame.length) await from.send(frame);
			expect(await receiving).toBe(size);
			const seconds = (performance.now() - started) / 1_000;
			console.log(`${name} ${direction}: ${Math.round(size / 2 ** 20 / seconds)} MiB/s`);
		}
	}
});

async function receive(channel: Channel, size: number): Promise<number> {
	let received = 0;
	for await (const { length } of channel) {
		received += length;
		if (received >= size) break;
	}
	return received;
}
