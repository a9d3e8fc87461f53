import assert from 'node:assert/strict';
import { within } from '../suite.js';
import type { TransportTest } from './transport-fixture.js';

export function testSharedServer(test: TransportTest): void {
	test('shared server: channels beside its own requests; close leaves it alone', async (session) => {
		assert.ok(session.fixture.sharedServer !== undefined, 'the fixture has a server to share');
		const shared = await session.fixture.sharedServer();
		try {
			const { client, server, listener } = await session.pair(shared.listenOptions);
			await within(shared.request(), 'an answer of the server itself');
			await within(shared.upgrade(), 'an upgrade by the server itself');
			await client.send('beside');
			assert.equal((await within(server[Symbol.asyncIterator]().next(), 'a frame')).value, 'beside');
			await listener.close();
			await within(shared.request(), 'an answer after the listener was closed');
			await client.send('still');
			assert.equal((await within(server[Symbol.asyncIterator]().next(), 'a frame')).value, 'still');
			await session.pairThrough(await session.listen(shared.listenOptions));
			await within(shared.upgrade(), 'an upgrade by the server itself');
		} finally {
			await session.endChannels();
			await within(shared.close(), 'the server to close');
		}
	});
}
