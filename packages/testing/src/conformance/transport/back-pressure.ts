import assert from 'node:assert/strict';
import type { Channel } from '@olcf/container-builder-core';
import { background, rejectsWith, stillness, within } from '../suite.js';
import type { TransportTest } from './transport-fixture.js';

const DEFAULT_BOUND = 64 * 2 ** 20;
const FRAME = new Uint8Array(64 * 1024).fill(1);

export function testBackPressure(test: TransportTest): void {
	for (const direction of ['client to server', 'server to client'] as const) {
		test(`back-pressure: a sender is stopped by a reader that does not iterate, and goes on, ${direction}`, async (session) => {
			const { client, server } = await session.pair();
			const [from, to] = direction === 'client to server' ? [client, server] : [server, client];
			const bound = session.fixture.maxBufferedBytes ?? DEFAULT_BOUND;
			const sender = flood(from, bound);
			await stillness(() => sender.sent());
			assert.ok(sender.sent() < bound, `at most ${bound} bytes are taken, but ${sender.sent()} were`);

			sender.stop();
			const closing = background(sender.done.then(() => from.close()));
			let received = 0;
			await within(
				(async () => {
					for await (const frame of to) received += frame.length;
				})(),
				'the sender to go on',
			);
			await closing;
			assert.equal(received, sender.sent());
		});
	}

	test('back-pressure: both sides at once, neither reading, is no deadlock', async (session) => {
		const { client, server } = await session.pair();
		const senders = [client, server].map((channel) =>
			flood(channel, session.fixture.maxBufferedBytes ?? DEFAULT_BOUND),
		);
		await stillness(() => senders.reduce((sum, sender) => sum + sender.sent(), 0));
		for (const sender of senders) sender.stop();
		const readers = [client, server].map(async (channel) => {
			let received = 0;
			for await (const frame of channel) {
				if (typeof frame === 'string') break;
				received += frame.length;
			}
			return received;
		});
		for (const reader of readers) background(reader);
		const ends = senders.map(async (sender, index) => {
			await sender.done;
			await [client, server][index]?.send('end');
		});
		for (const end of ends) background(end);
		const [atClient, atServer] = await within(Promise.all(readers), 'both readers');
		await Promise.all(ends);
		assert.equal(atServer, senders[0]?.sent());
		assert.equal(atClient, senders[1]?.sent());
	});

	test('back-pressure: on one channel it does not stop another', async (session) => {
		const { client, listener } = await session.pair();
		const sender = flood(client, session.fixture.maxBufferedBytes ?? DEFAULT_BOUND);
		await stillness(() => sender.sent());
		const other = await session.pairThrough(listener);
		await other.client.send('passes');
		assert.equal((await within(other.server[Symbol.asyncIterator]().next(), 'a frame')).value, 'passes');
		sender.stop();
	});

	test('back-pressure: a send that waits ends with its signal, and the channel goes on', async (session) => {
		const { client, server } = await session.pair();
		const sender = flood(client, session.fixture.maxBufferedBytes ?? DEFAULT_BOUND);
		await stillness(() => sender.sent());
		sender.stop();
		const controller = new AbortController();
		const waiting = rejectsWith(
			client.send(FRAME.slice(), { signal: controller.signal }),
			'canceled',
			'the waiting send',
		);
		controller.abort();
		await waiting;
		const end = background(sender.done.then(() => client.send('end')));
		await within(
			(async () => {
				for await (const frame of server) if (frame === 'end') break;
			})(),
			'the channel to go on',
		);
		await end;
	});

	test('back-pressure: a send that waits rejects when the channel is aborted', async (session) => {
		const { client } = await session.pair();
		const sender = flood(client, session.fixture.maxBufferedBytes ?? DEFAULT_BOUND);
		await stillness(() => sender.sent());
		const waiting = rejectsWith(client.send(FRAME.slice()), 'connection-lost', 'the waiting send');
		client.abort('enough');
		await waiting;
		await rejectsWith(sender.done, 'connection-lost', 'the other waiting send');
	});

	test('back-pressure: a send that waits rejects when the peer disappears', async (session) => {
		const { client, server } = await session.pair();
		const sender = flood(server, session.fixture.maxBufferedBytes ?? DEFAULT_BOUND);
		await stillness(() => sender.sent());
		const waiting = rejectsWith(sender.done, 'connection-lost', 'the waiting send');
		client.abort('gone');
		await waiting;
	});
}

/** Sends until it is stopped, or more than `bound` bytes were taken. */
function flood(
	channel: Channel,
	bound: number,
): { sent(): number; stop(): void; readonly done: Promise<void> } {
	let sent = 0;
	let stopped = false;
	const done = (async () => {
		while (!stopped && sent < bound) {
			await channel.send(FRAME);
			sent += FRAME.length;
		}
	})();
	done.catch(() => {});
	return {
		sent: () => sent,
		stop: () => {
			stopped = true;
		},
		done,
	};
}
