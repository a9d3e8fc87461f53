import assert from 'node:assert/strict';
import type { Channel, Frame } from '@olcf/container-builder-core';
import { background, rejectsWith, within } from '../suite.js';
import type { TransportTest } from './transport-fixture.js';

export function testEnding(test: TransportTest): void {
	test('close: what was sent arrives, then iteration ends on both sides', async (session) => {
		const { client, server } = await session.pair();
		const frames = Array.from({ length: 200 }, (_, index) => `${index} ${'.'.repeat(index * 20)}`);
		const sending = frames.map((frame) => background(client.send(frame)));
		const closing = background(client.close());
		assert.deepEqual(await collect(server), frames);
		await within(closing, 'close');
		await Promise.all(sending);
		assert.deepEqual(await collect(client), []);
		assert.equal((await within(client.closed, 'closed')).code, 'normal');
		assert.equal((await within(server.closed, 'closed')).code, 'normal');
	});

	test('close: frames that were not read yet can be read afterwards', async (session) => {
		const { client, server } = await session.pair();
		await server.send('one');
		await server.send('two');
		await within(server.close(), 'close');
		await within(client.closed, 'closed');
		assert.deepEqual(await collect(client), ['one', 'two']);
		assert.deepEqual(await collect(client), []);
	});

	test('close: code and reason reach the other side', async (session) => {
		const { client, server } = await session.pair();
		await server.close({ code: 'going-away', reason: 'restarting – at once' });
		assert.deepEqual(await within(client.closed, 'closed'), {
			code: 'going-away',
			reason: 'restarting – at once',
		});
		assert.deepEqual(await server.closed, { code: 'going-away', reason: 'restarting – at once' });
		assert.deepEqual(await collect(client), []);
	});

	test('close: a reason may be long; its beginning arrives', async (session) => {
		const { client, server } = await session.pair();
		const reason = 'Grund – '.repeat(100);
		await client.close({ code: 'normal', reason });
		const { code, reason: arrived } = await within(server.closed, 'closed');
		assert.equal(code, 'normal');
		assert.ok(
			arrived !== undefined && arrived !== '' && reason.startsWith(arrived),
			`'${arrived}' is its beginning`,
		);
	});

	test('close: as protocol it makes the other side throw', async (session) => {
		const { client, server } = await session.pair();
		await client.close({ code: 'protocol', reason: 'what was that?' });
		assert.equal((await within(server.closed, 'closed')).code, 'protocol');
		await rejectsWith(collect(server), ['protocol', 'connection-lost'], 'iteration');
	});

	test('close: is idempotent, and the first one counts', async (session) => {
		const { client, server } = await session.pair();
		await within(
			Promise.all([client.close({ code: 'going-away' }), client.close({ code: 'normal' })]),
			'both',
		);
		await within(client.close(), 'a third one');
		client.abort('too late');
		assert.equal((await client.closed).code, 'going-away');
		assert.equal((await within(server.closed, 'closed')).code, 'going-away');
	});

	test('close: from both sides at once', async (session) => {
		const { client, server } = await session.pair();
		await client.send('not read');
		await within(Promise.all([client.close(), server.close()]), 'both');
		assert.equal((await client.closed).code, 'normal');
		assert.equal((await server.closed).code, 'normal');
	});

	test('close: while the other side sends makes its send reject', async (session) => {
		const { client, server } = await session.pair();
		const frame = new Uint8Array(64 * 1024);
		const sending = (async () => {
			for (;;) await server.send(frame);
		})();
		const rejected = rejectsWith(sending, 'connection-lost', 'send');
		await client[Symbol.asyncIterator]().next();
		await within(client.close(), 'close');
		await rejected;
		assert.equal((await within(server.closed, 'closed')).code, 'normal');
	});

	test('close: ends an iteration of this side that waits', async (session) => {
		const { client } = await session.pair();
		const waiting = collect(client);
		await client.close();
		assert.deepEqual(await waiting, []);
	});

	test('close: a channel that has ended does not send', async (session) => {
		const { client, server } = await session.pair();
		await client.close();
		await rejectsWith(client.send('late'), 'connection-lost', 'send');
		await within(server.closed, 'closed');
		await rejectsWith(server.send('late'), 'connection-lost', 'send');
	});

	test('close: disposing of a channel closes it', async (session) => {
		const { client, server } = await session.pair();
		await client.send('last');
		await client[Symbol.asyncDispose]();
		assert.deepEqual(await collect(server), ['last']);
		assert.equal((await server.closed).code, 'normal');
	});

	test('abort: ends this side at once and breaks the other', async (session) => {
		const { client, server } = await session.pair();
		await client.send('before');
		assert.equal((await within(server[Symbol.asyncIterator]().next(), 'a frame')).value, 'before');
		const waiting = rejectsWith(collect(server), 'connection-lost', 'iteration at the other side');
		client.abort(new Error('I give up'));
		client.abort('again');
		const here = await within(client.closed, 'closed');
		assert.equal(here.code, 'lost');
		assert.ok(here.reason?.includes('I give up'), 'the reason is told');
		await waiting;
		assert.equal((await within(server.closed, 'closed')).code, 'lost');
		await rejectsWith(collect(client), 'connection-lost', 'iteration at this side');
		await rejectsWith(client.send('late'), 'connection-lost', 'send');
		await rejectsWith(server.send('late'), 'connection-lost', 'send at the other side');
		await within(client.close(), 'close after abort');
		await within(server.close(), 'close after abort');
	});

	test('abort: what arrived before the connection broke can still be read, then it throws', async (session) => {
		const { client, server } = await session.pair();
		await client.send('one');
		await client.send('two');
		// Once this has come back, both have arrived.
		const iterator = server[Symbol.asyncIterator]();
		assert.equal((await within(iterator.next(), 'a frame')).value, 'one');
		await server.send('echo');
		await within(client[Symbol.asyncIterator]().next(), 'the echo');
		client.abort('gone');
		await within(server.closed, 'closed');
		assert.equal((await iterator.next()).value, 'two');
		await rejectsWith(iterator.next(), 'connection-lost', 'iteration');
		await rejectsWith(collect(server), 'connection-lost', 'another iteration');
	});

	test('abort: during close ends it', async (session) => {
		const { client } = await session.pair();
		const closing = background(client.close());
		client.abort('now');
		await within(closing, 'close');
		await within(client.closed, 'closed');
	});

	test('send: a signal that is aborted already rejects, and nothing is sent', async (session) => {
		const { client, server } = await session.pair();
		await rejectsWith(client.send('never', { signal: AbortSignal.abort() }), 'canceled', 'send');
		await client.send('next');
		assert.equal((await within(server[Symbol.asyncIterator]().next(), 'a frame')).value, 'next');
	});
}

function collect(channel: Channel): Promise<Frame[]> {
	return background(readAll(channel));
}

async function readAll(channel: Channel): Promise<Frame[]> {
	const frames: Frame[] = [];
	await within(
		(async () => {
			for await (const frame of channel) frames.push(frame);
		})(),
		'the end of the iteration',
	);
	return frames;
}
