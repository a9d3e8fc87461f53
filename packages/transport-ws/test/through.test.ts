import { connect } from 'node:net';
import type { Channel } from '@olcf/container-builder-core';
import { memoryTransport } from '@olcf/container-builder-testing';
import { ws } from '@olcf/container-builder-transport-ws';
import { expect, onTestFinished, test } from 'vitest';
import { echo, only } from './echo.js';
import { makeIdentity } from './identity.js';

const request = { channel: 'image', version: 1, token: 'secret' } as const;

/** Carries the bytes of a channel to a port, as a relay does; tells what it could read of them. */
function relay(channel: Channel, port: number): { readonly seen: Buffer[] } {
	const seen: Buffer[] = [];
	const socket = connect(port, '127.0.0.1');
	socket.on('error', () => channel.abort('the relay lost its target'));
	void (async () => {
		for await (const frame of channel) {
			seen.push(Buffer.from(frame));
			socket.write(frame);
		}
		socket.end();
	})().catch(() => socket.destroy());
	void (async () => {
		for await (const data of socket) {
			seen.push(data);
			await channel.send(data);
		}
		await channel.close();
	})().catch(() => socket.destroy());
	onTestFinished(() => void socket.destroy());
	return { seen };
}

async function relayed() {
	const { identity, fingerprint } = await makeIdentity();
	const transport = ws({ heartbeatMs: 80 });
	const listener = await transport.listen({ url: 'wss://127.0.0.1:0', tls: identity });
	echo(listener);
	const outer = memoryTransport();
	const relayListener = await outer.listen({ url: 'memory:relay' });
	const connecting = outer.connect({ url: 'memory:relay' }, { channel: 'queue', version: 1 });
	const { value } = await relayListener[Symbol.asyncIterator]().next();
	const { seen } = relay(await value.accept(), Number(new URL(only(listener).url).port));
	return { transport, listener, fingerprint, through: await connecting, seen };
}

test('a channel through a relay: encrypted end to end, frames intact, closes in order', async () => {
	const { transport, listener, fingerprint, through, seen } = await relayed();
	const channel = await transport.connect(only(listener), request, { through });
	expect(channel.peerFingerprint).toBe(fingerprint);
	const iterator = channel[Symbol.asyncIterator]();
	for (const size of [0, 1, 70_000, 2_000_000]) {
		const sending = channel.send(Buffer.alloc(size, 5));
		expect((await iterator.next()).value.equals(Buffer.alloc(size, 5))).toBe(true);
		await sending;
	}
	// Many heartbeats long nothing is said.
	await new Promise((resolve) => setTimeout(resolve, 700));
	await channel.send('text that the relay cannot read');
	expect((await iterator.next()).value).toBe('text that the relay cannot read');
	await channel.close();
	expect((await channel.closed).code).toBe('normal');
	await through.closed;
	const all = Buffer.concat(seen).toString('latin1');
	expect(all.length).toBeGreaterThan(4_000_000);
	expect(all).not.toContain('secret');
	expect(all).not.toContain('cannot read');
});

test('a relay that shows another certificate is found out', async () => {
	const { transport, listener, through, seen } = await relayed();
	const endpoint = { ...only(listener), fingerprint: '0'.repeat(64) };
	await expect(transport.connect(endpoint, request, { through })).rejects.toMatchObject({
		code: 'fingerprint-mismatch',
	});
	await through.closed;
	expect(Buffer.concat(seen).toString('latin1')).not.toContain('secret');
});

test('the outer channel breaks: so does the inner one', async () => {
	const { transport, listener, through } = await relayed();
	const channel = await transport.connect(only(listener), request, { through });
	const reading = channel[Symbol.asyncIterator]().next();
	through.abort('cable pulled');
	expect((await channel.closed).code).toBe('lost');
	await expect(reading).rejects.toMatchObject({ code: 'connection-lost' });
});
