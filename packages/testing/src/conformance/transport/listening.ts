import assert from 'node:assert/strict';
import { background, first, rejectsWith, within } from '../suite.js';
import type { TransportTest } from './transport-fixture.js';

export function testListening(test: TransportTest, timeScale: number): void {
	test('listen: a signal that is aborted already rejects', async (session) => {
		await rejectsWith(session.listen({ signal: AbortSignal.abort() }), 'canceled', 'listen');
	});

	test('listen: endpoints can be connected to, as they are', async (session) => {
		const listener = await session.listen();
		assert.ok(listener.endpoints.length > 0, 'there is one');
		for (const endpoint of listener.endpoints) {
			const copy = JSON.parse(JSON.stringify(endpoint));
			const [client, server] = await Promise.all([session.connect(copy), session.accept(listener)]);
			await client.send('hello');
			assert.equal((await server[Symbol.asyncIterator]().next()).value, 'hello');
		}
	});

	test('listen: a place that is taken is refused, and its holder is unharmed', async (session) => {
		const listener = await session.listen();
		const { url } = first(listener.endpoints, 'endpoints');
		await rejectsWith(session.listen({ url }), 'invalid-option', 'listen');
		await session.pairThrough(listener);
	});

	test('listen: close takes no more and keeps what is open', async (session) => {
		const { client, server, listener } = await session.pair();
		const iterating = background(listener[Symbol.asyncIterator]().next());
		await within(Promise.all([listener.close(), listener.close()]), 'close');
		await within(listener.close(), 'close again');
		assert.equal((await within(iterating, 'the end of the iteration')).done, true);
		assert.equal((await listener[Symbol.asyncIterator]().next()).done, true);
		const late = session.connect(first(listener.endpoints, 'endpoints'));
		await rejectsWith(late, 'builder-unreachable', 'connect to a closed listener');
		await client.send('ping');
		assert.equal((await within(server[Symbol.asyncIterator]().next(), 'a frame')).value, 'ping');
		await server.send('pong');
		assert.equal((await within(client[Symbol.asyncIterator]().next(), 'a frame')).value, 'pong');
	});

	test('listen: the place is free again after close', async (session) => {
		const listener = await session.listen();
		const { url } = first(listener.endpoints, 'endpoints');
		await listener[Symbol.asyncDispose]();
		await session.pairThrough(await session.listen({ url }));
	});

	test('listen: close refuses those who wait', async (session) => {
		const listener = await session.listen();
		const endpoint = first(listener.endpoints, 'endpoints');
		const connecting = [session.connect(endpoint), session.connect(endpoint)];
		const settled = Promise.allSettled(connecting);
		await (await session.incoming(listener)).accept();
		await within(Promise.any(connecting), 'the accepted one');
		await listener.close();
		const results = await within(settled, 'both');
		const refused = first(
			results.filter(({ status }) => status === 'rejected'),
			'the refused ones',
		);
		assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
		assert.ok(refused.status === 'rejected');
		await rejectsWith(Promise.reject(refused.reason), ['queue-closed', 'builder-unreachable'], 'the other');
	});

	test('listen: an iteration that was broken off goes on', async (session) => {
		const listener = await session.listen();
		const endpoint = first(listener.endpoints, 'endpoints');
		const connecting = [1, 2, 3].map(() => session.connect(endpoint));
		for (let index = 0; index < 3; index++) {
			for await (const incoming of listener) {
				await incoming.accept();
				break;
			}
		}
		await within(Promise.all(connecting), 'all three');
	});

	test('listen: who is neither accepted nor rejected is rejected after a time', async (session) => {
		const listener = await session.listen();
		const patienceMs = 10_000 * timeScale * 3 + 5_000;
		const connecting = session.connect(first(listener.endpoints, 'endpoints'), {}, { timeoutMs: patienceMs });
		const caught = rejectsWith(
			within(connecting, 'the rejection', patienceMs),
			['busy', 'queue-closed', 'unsupported', 'forbidden', 'unauthenticated'],
			'connect',
		);
		const incoming = await session.incoming(listener);
		await caught;
		await rejectsWith(incoming.accept(), 'connection-lost', 'accept after the time');
	});
}
