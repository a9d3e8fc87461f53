import assert from 'node:assert/strict';
import { CHANNEL_NAMES, isContainerBuilderError, type RejectCode } from '@olcf/container-builder-core';
import { first, rejectsWith, within } from '../suite.js';
import type { TransportTest } from './transport-fixture.js';

const REJECT_CODES: readonly RejectCode[] = [
	'unauthenticated',
	'forbidden',
	'busy',
	'queue-closed',
	'protocol-version',
	'not-found',
	'unsupported',
];

export function testConnecting(test: TransportTest): void {
	test('connect: a signal that is aborted already rejects before anything is sent', async (session) => {
		const listener = await session.listen();
		const endpoint = first(listener.endpoints, 'endpoints');
		const refused = session.connect(endpoint, { channel: 'image' }, { signal: AbortSignal.abort('no') });
		await rejectsWith(refused, 'canceled', 'connect');
		// Had it been sent, it would come first.
		const connecting = session.connect(endpoint, { channel: 'output' });
		const incoming = await session.incoming(listener);
		assert.equal(incoming.request.channel, 'output');
		await incoming.accept();
		await connecting;
	});

	test('connect: an abort in the middle rejects, and the listener goes on', async (session) => {
		const listener = await session.listen();
		const endpoint = first(listener.endpoints, 'endpoints');
		const controller = new AbortController();
		const connecting = session.connect(endpoint, {}, { signal: controller.signal });
		const rejected = rejectsWith(connecting, 'canceled', 'connect');
		const incoming = await session.incoming(listener);
		controller.abort(new Error('changed my mind'));
		await rejected;
		// The other side may not have noticed yet; then what it gets is a channel that is lost.
		try {
			const channel = await incoming.accept();
			const { code } = await within(channel.closed, 'the end of the abandoned channel');
			assert.equal(code, 'lost');
		} catch (error) {
			assert.ok(isContainerBuilderError(error) && error.code === 'connection-lost', String(error));
		}
		const { client, server } = await session.pairThrough(listener);
		await client.send('still here');
		assert.deepEqual(await server[Symbol.asyncIterator]().next(), { done: false, value: 'still here' });
	});

	test('connect: an abort after it has resolved changes nothing', async (session) => {
		const listener = await session.listen();
		const controller = new AbortController();
		const [client, server] = await Promise.all([
			session.connect(first(listener.endpoints, 'endpoints'), {}, { signal: controller.signal }),
			session.accept(listener),
		]);
		controller.abort();
		await client.send('one');
		assert.equal((await server[Symbol.asyncIterator]().next()).value, 'one');
	});

	test('connect: an endpoint that does not answer in time is builder-unreachable', async (session) => {
		const listener = await session.listen();
		const connecting = session.connect(first(listener.endpoints, 'endpoints'), {}, { timeoutMs: 150 });
		await rejectsWith(connecting, 'builder-unreachable', 'connect');
	});

	test('connect: nobody listens: builder-unreachable', async (session) => {
		await rejectsWith(session.connect(session.fixture.nowhere), 'builder-unreachable', 'connect');
	});

	test('connect: a URL of another scheme is an invalid-option', async (session) => {
		await rejectsWith(session.connect({ url: 'gopher://127.0.0.1:70' }), 'invalid-option', 'connect');
	});

	for (const code of REJECT_CODES) {
		test(`connect: a rejection as ${code} arrives with its code and reason`, async (session) => {
			const listener = await session.listen();
			const connecting = session.connect(first(listener.endpoints, 'endpoints'), { token: 'wrong' });
			const rejected = rejectsWith(connecting, code, 'connect');
			const incoming = await session.incoming(listener);
			await within(incoming.reject(code, `because – of "${code}"`), 'reject');
			assert.ok((await rejected).message.includes(`because – of "${code}"`), 'the reason is in the message');
		});
	}

	test('connect: a challenge arrives with its rejection, and none without', async (session) => {
		const listener = await session.listen();
		const endpoint = first(listener.endpoints, 'endpoints');
		for (const challenge of ['method 0123456789+/=-_ {"a": "b"}', undefined]) {
			const rejected = rejectsWith(session.connect(endpoint), 'unauthenticated', 'connect');
			await (await session.incoming(listener)).reject('unauthenticated', 'who are you?', challenge);
			assert.equal((await rejected).details?.challenge, challenge);
		}
	});

	test('connect: a rejection without a reason has a message all the same', async (session) => {
		const listener = await session.listen();
		const connecting = session.connect(first(listener.endpoints, 'endpoints'));
		const rejected = rejectsWith(connecting, 'forbidden', 'connect');
		await (await session.incoming(listener)).reject('forbidden');
		assert.notEqual((await rejected).message, '');
	});

	test('connect: channel, version and token arrive', async (session) => {
		const listener = await session.listen();
		const endpoint = first(listener.endpoints, 'endpoints');
		for (const [index, channel] of CHANNEL_NAMES.entries()) {
			const token = index === 0 ? undefined : `t0k-en_${index}.aZ~+/==`;
			const connecting = session.connect(endpoint, { channel, version: index + 1, token });
			const incoming = await session.incoming(listener);
			assert.equal(incoming.request.channel, channel);
			assert.equal(incoming.request.version, index + 1);
			assert.equal(incoming.request.token, token);
			assert.equal(typeof incoming.peer.address, 'string');
			assert.equal(typeof incoming.peer.confidential, 'boolean');
			assert.equal(incoming.peer.local, true);
			await (await incoming.accept()).close();
			await (await connecting).close();
		}
	});

	test('connect: an incoming connection is answered once', async (session) => {
		const listener = await session.listen();
		const connecting = session.connect(first(listener.endpoints, 'endpoints'));
		const incoming = await session.incoming(listener);
		const server = await incoming.accept();
		const client = await connecting;
		await rejectsWith(incoming.accept(), 'connection-lost', 'a second accept');
		await incoming.reject('busy');
		await client.send('unharmed');
		assert.equal((await server[Symbol.asyncIterator]().next()).value, 'unharmed');
	});
}
