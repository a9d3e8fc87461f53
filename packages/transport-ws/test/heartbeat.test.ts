import { connect, createServer, type Socket } from 'node:net';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, onTestFinished, test } from 'vitest';
import { pair } from './echo.js';
import { makeIdentity } from './identity.js';
import { temporaryDirectory } from './temporary-directory.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Stands between both sides, and can fall silent without closing anything. */
async function muteableProxy(target: string, path: string): Promise<{ mute(): void }> {
	const sockets = new Set<Socket>();
	let muted = false;
	const server = createServer((near) => {
		const far = connect(target);
		for (const [from, to] of [
			[near, far],
			[far, near],
		] as const) {
			sockets.add(from);
			from.on('error', () => {});
			from.on('data', (data) => {
				if (!muted) to.write(data);
			});
			from.on('close', () => {
				if (!muted) to.destroy();
			});
		}
	});
	await new Promise<void>((resolve) => server.listen(path, resolve));
	onTestFinished(async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	});
	return {
		mute: () => {
			muted = true;
		},
	};
}

test('a peer that falls silent is a timeout on both sides, and is not missed before', async () => {
	const directory = await temporaryDirectory();
	const transport = ws({ heartbeatMs: 100 });
	const listener = await transport.listen({ url: `ws+unix://${directory}/real.sock` });
	const proxy = await muteableProxy(`${directory}/real.sock`, `${directory}/proxy.sock`);
	const accepting = listener[Symbol.asyncIterator]()
		.next()
		.then(({ value }) => value.accept());
	const client = await transport.connect(
		{ url: `ws+unix://${directory}/proxy.sock` },
		{ channel: 'build', version: 1 },
	);
	const server = await accepting;
	onTestFinished(() => listener.close());
	await pause(800);
	await client.send('still there');
	expect((await server[Symbol.asyncIterator]().next()).value).toBe('still there');
	const reading = client[Symbol.asyncIterator]().next();
	reading.catch(() => {});
	proxy.mute();
	expect((await client.closed).code).toBe('timeout');
	expect((await server.closed).code).toBe('timeout');
	await expect(reading).rejects.toMatchObject({ code: 'connection-lost' });
	await expect(client.send('late')).rejects.toMatchObject({ code: 'connection-lost' });
});

test('a reader that has stopped reading is not taken for dead, nor are two', async () => {
	const directory = await temporaryDirectory();
	const transport = ws({ heartbeatMs: 80, highWaterBytes: 10_000 });
	const listener = await transport.listen({ url: `ws+unix://${directory}/a.sock` });
	const { client, server } = await pair(transport, listener);
	let sent = 0;
	const frame = new Uint8Array(100_000);
	const flood = async (channel: typeof client | typeof server): Promise<void> => {
		for (let count = 0; count < 40; count++) {
			await channel.send(frame);
			sent++;
		}
		await channel.close();
	};
	const drain = async (channel: typeof client | typeof server): Promise<number> => {
		let bytes = 0;
		for await (const one of channel) bytes += one.length;
		return bytes;
	};
	const flooding = flood(client);
	await pause(800);
	expect(sent).toBeLessThan(40);
	expect(await Promise.race([client.closed, server.closed, 'open'])).toBe('open');
	const drained = drain(server);
	await flooding;
	expect(await drained).toBe(4_000_000);

	sent = 0;
	const both = await pair(transport, await transport.listen({ url: `ws+unix://${directory}/b.sock` }));
	const stop = [both.client, both.server].map((channel) => flood(channel).catch(() => {}));
	await pause(800);
	expect(sent).toBeLessThan(80);
	expect(await Promise.race([both.client.closed, both.server.closed, 'open'])).toBe('open');
	both.client.abort('enough');
	await Promise.all(stop);
});

test('an idle channel stays open, encrypted as well', async () => {
	const { identity } = await makeIdentity();
	const transport = ws({ heartbeatMs: 80 });
	for (const place of [{ url: 'wss://127.0.0.1:0', tls: identity }, { url: 'ws://[::1]:0' }]) {
		const { client, server } = await pair(transport, await transport.listen(place));
		await pause(800);
		await server.send('still there');
		expect((await client[Symbol.asyncIterator]().next()).value).toBe('still there');
	}
});

test('a peer with another interval keeps to the shorter one', async () => {
	const listener = await ws({ heartbeatMs: 60_000 }).listen({
		url: `ws+unix://${await temporaryDirectory()}/a.sock`,
	});
	const { client, server } = await pair(ws({ heartbeatMs: 80 }), listener);
	await pause(800);
	await server.send('still there');
	expect((await client[Symbol.asyncIterator]().next()).value).toBe('still there');
});

test('close gives up on a peer that never reads', async () => {
	const directory = await temporaryDirectory();
	const transport = ws({ highWaterBytes: 10_000, closeTimeoutMs: 200 });
	const listener = await transport.listen({ url: `ws+unix://${directory}/a.sock` });
	const { client, server } = await pair(transport, listener);
	const sends = Array.from({ length: 50 }, () =>
		client.send(new Uint8Array(100_000)).catch((error) => error.code),
	);
	await client.close();
	expect(await client.closed).toMatchObject({ code: 'lost', reason: 'the peer does not read what was sent' });
	expect((await Promise.all(sends)).at(-1)).toBe('connection-lost');
	await expect(
		(async () => {
			for await (const frame of server) expect(frame.length).toBe(100_000);
		})(),
	).rejects.toMatchObject({ code: 'connection-lost' });
});
