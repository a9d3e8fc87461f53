import assert from 'node:assert/strict';
import { first, rejectsWith } from '../suite.js';
import type { ProviderTest } from './provider-fixture.js';

export function testExtras(test: ProviderTest): void {
	test('headroom: a number of machines, where it is there', async (session) => {
		const { provider } = session;
		if (provider.headroom === undefined) return;
		const request = session.request(session.owner());
		const room = await session.within(provider.headroom(request), 'headroom');
		assert.ok(
			room >= 0 && (Number.isInteger(room) || room === Number.POSITIVE_INFINITY),
			`${room} is a number of machines`,
		);
		await rejectsWith(provider.headroom(request, { signal: AbortSignal.abort() }), 'canceled', 'headroom');
	});

	test('resolveImage: the id that a new machine then has, where it is there', async (session) => {
		const { provider } = session;
		if (provider.resolveImage === undefined) return;
		const request = session.request(session.owner());
		const imageId = await session.within(provider.resolveImage(request), 'resolveImage');
		assert.equal((await session.create(request)).imageId, imageId);
		await rejectsWith(
			provider.resolveImage(request, { signal: AbortSignal.abort() }),
			'canceled',
			'resolveImage',
		);
	});

	test('console: text of a running machine, where it is there', async (session) => {
		const { provider } = session;
		if (provider.console === undefined) return;
		const owner = session.owner();
		await session.create(session.request(owner));
		const machines = await session.listed(
			owner,
			([machine]) => machine?.state === 'running',
			'a running machine',
		);
		const { id } = first(machines, 'the list');
		assert.equal(typeof (await session.within(provider.console(id), 'console')), 'string');
		await rejectsWith(provider.console(id, { signal: AbortSignal.abort() }), 'canceled', 'console');
	});
}
