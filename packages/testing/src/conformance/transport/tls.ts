import assert from 'node:assert/strict';
import type { Listener } from '@olcf/container-builder-core';
import { background, first, rejectsWith } from '../suite.js';
import type { TransportSession, TransportTest } from './transport-fixture.js';

export function testTls(test: TransportTest): void {
	test('tls: endpoints carry the fingerprint, and the right one is accepted', async (session) => {
		const { listener, fingerprint } = await listen(session);
		for (const endpoint of listener.endpoints) assert.equal(endpoint.fingerprint, fingerprint);
		const endpoint = first(listener.endpoints, 'endpoints');
		const connecting = session.connect(endpoint, { token: 'secret' }, { insecure: false });
		const incoming = await session.incoming(listener);
		assert.equal(incoming.request.token, 'secret');
		assert.equal(incoming.peer.confidential, true);
		const server = await incoming.accept();
		const client = await connecting;
		assert.equal(client.peerFingerprint, fingerprint);
		const sending = background(client.send(new Uint8Array(300_000)));
		const { value } = await server[Symbol.asyncIterator]().next();
		assert.equal(value.length, 300_000);
		await sending;
		await client.close();
		assert.equal((await server.closed).code, 'normal');
	});

	test('tls: both sides know which certificate a challenge belongs to', async (session) => {
		const { listener, fingerprint } = await listen(session);
		const rejected = rejectsWith(
			session.connect(first(listener.endpoints, 'endpoints')),
			'unauthenticated',
			'connect',
		);
		const incoming = await session.incoming(listener);
		assert.equal(incoming.peer.shownFingerprint, fingerprint);
		await incoming.reject('unauthenticated', 'who are you?', 'a question');
		const { challenge, peerFingerprint } = (await rejected).details ?? {};
		assert.deepEqual(
			{ challenge, peerFingerprint },
			{ challenge: 'a question', peerFingerprint: fingerprint },
		);
	});

	for (const anyCertificate of [false, true]) {
		test(`tls: another certificate is a fingerprint-mismatch${anyCertificate ? ', also with anyCertificate' : ''}`, async (session) => {
			const { listener, fingerprint } = await listen(session);
			const { url } = first(listener.endpoints, 'endpoints');
			const wrong = { url, fingerprint: fingerprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) };
			const connecting = session.connect(wrong, { channel: 'image', token: 'secret' }, { anyCertificate });
			await rejectsWith(connecting, 'fingerprint-mismatch', 'connect');
			// Had the token been sent, it would come first.
			const right = session.connect({ url, fingerprint }, { channel: 'output' });
			const incoming = await session.incoming(listener);
			assert.equal(incoming.request.channel, 'output');
			await incoming.accept();
			await right;
		});
	}

	test('tls: a self-signed certificate without a fingerprint is refused', async (session) => {
		const { listener } = await listen(session);
		const { url } = first(listener.endpoints, 'endpoints');
		await rejectsWith(session.connect({ url }), 'fingerprint-mismatch', 'connect');
	});

	test('tls: anyCertificate connects and tells which it was', async (session) => {
		const { listener, fingerprint } = await listen(session);
		const { url } = first(listener.endpoints, 'endpoints');
		const [client] = await Promise.all([
			session.connect({ url }, {}, { anyCertificate: true }),
			session.accept(listener),
		]);
		assert.equal(client.peerFingerprint, fingerprint);
	});
}

async function listen(session: TransportSession): Promise<{ listener: Listener; fingerprint: string }> {
	const { tls } = session.fixture;
	assert.ok(tls !== undefined, 'the fixture of a transport with TLS has a certificate');
	return { listener: await session.listen(tls.listenOptions()), fingerprint: tls.fingerprint };
}
