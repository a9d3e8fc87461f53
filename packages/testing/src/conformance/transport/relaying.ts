import assert from 'node:assert/strict';
import type { Channel, Endpoint } from '@olcf/container-builder-core';
import { background, first, rejectsWith, within } from '../suite.js';
import type { TransportSession, TransportTest } from './transport-fixture.js';

/** For transports that can carry connections on, and be carried. */
export function testRelaying(test: TransportTest): void {
	test('relay: a channel inside of a channel, byte for byte, until one side ends', async (session) => {
		const [middle, target] = [await session.listen(), await session.listen()];
		const endpoint = first(target.endpoints, 'endpoints');
		const outer = background(session.connect(first(middle.endpoints, 'endpoints'), { channel: 'relay' }));
		const carried = await (await session.incoming(middle)).accept();
		const relaying = background(relay(session, carried, endpoint));
		const inner = background(
			session.connect(endpoint, { channel: 'image', token: 'secret' }, { through: await outer }),
		);
		const incoming = await session.incoming(target);
		assert.equal(incoming.request.channel, 'image');
		assert.equal(incoming.request.token, 'secret');
		const server = await incoming.accept();
		const client = await inner;
		const bytes = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 7) % 251);
		const sending = background(client.send(bytes));
		const { value } = await within(server[Symbol.asyncIterator]().next(), 'what was sent');
		assert.deepEqual(Buffer.from(value), Buffer.from(bytes));
		await sending;
		await within(server.send('back'), 'sending back');
		assert.equal((await within(client[Symbol.asyncIterator]().next(), 'what came back')).value, 'back');
		await within(client.close(), 'close');
		assert.equal((await within(server.closed, 'the end')).code, 'normal');
		await within(
			relaying.catch(() => {}),
			'the relay to end',
		);
	});

	test('relay: to where nobody listens is builder-unreachable, and ends the channel', async (session) => {
		const middle = await session.listen();
		const outer = background(session.connect(first(middle.endpoints, 'endpoints'), { channel: 'relay' }));
		const carried = await (await session.incoming(middle)).accept();
		await rejectsWith(relay(session, carried, session.fixture.nowhere), 'builder-unreachable', 'relay');
		await within((await outer).closed, 'the end');
	});

	test('relay: ends with its signal', async (session) => {
		const [middle, target] = [await session.listen(), await session.listen()];
		const outer = background(session.connect(first(middle.endpoints, 'endpoints'), { channel: 'relay' }));
		const carried = await (await session.incoming(middle)).accept();
		const controller = new AbortController();
		const relaying = relay(session, carried, first(target.endpoints, 'endpoints'), controller.signal);
		const ended = rejectsWith(relaying, 'canceled', 'relay');
		controller.abort();
		await ended;
		await within((await outer).closed, 'the end');
	});
}

async function relay(
	{ fixture }: TransportSession,
	channel: Channel,
	endpoint: Endpoint,
	signal?: AbortSignal,
): Promise<void> {
	assert.ok(fixture.transport.relay, 'the transport says that it can relay');
	await fixture.transport.relay(channel, endpoint, { signal });
}
