import assert from 'node:assert/strict';
import type { ProviderTest } from './provider-fixture.js';

export function testOwners(test: ProviderTest): void {
	test('owners: each lists and destroys its own only, also with the same builder id', async (session) => {
		const [one, two] = [session.owner(), session.owner()];
		const request = session.request(one);
		await session.create(request);
		await session.create({ ...request, owner: two });
		for (const owner of [one, two]) {
			const machines = await session.provider.list({ owner });
			assert.deepEqual(
				machines.map((machine) => [machine.owner, machine.builderId]),
				[[owner, request.builderId]],
			);
		}
		await session.within(session.provider.destroy({ owner: one, builderId: request.builderId }), 'destroy');
		assert.deepEqual(await session.provider.list({ owner: one }), []);
		assert.equal((await session.provider.list({ owner: two })).length, 1);
	});

	test('sweep: removes what nobody keeps, of this owner', async (session) => {
		const [owner, other] = [session.owner(), session.owner()];
		const [kept, lost, foreign] = [session.request(owner), session.request(owner), session.request(other)];
		for (const request of [kept, lost, foreign]) await session.create(request);
		const keep = new Set([kept.builderId]);
		const removed = await session.within(session.provider.sweep({ owner, keep, olderThanMs: 0 }), 'sweep');
		assert.ok(removed.length > 0, 'it tells what it removed');
		for (const { kind, id } of removed) {
			assert.notEqual(kind, '');
			assert.notEqual(id, '');
		}
		const left = await session.provider.list({ owner });
		assert.deepEqual(
			left.map(({ builderId }) => builderId),
			[kept.builderId],
		);
		assert.equal((await session.provider.list({ owner: other })).length, 1);
		assert.deepEqual(
			await session.within(session.provider.sweep({ owner, keep, olderThanMs: 0 }), 'sweep'),
			[],
		);
	});

	test('sweep: leaves alone what is younger', async (session) => {
		const owner = session.owner();
		await session.create(session.request(owner));
		const filter = { owner, keep: new Set<string>(), olderThanMs: 3_600_000 };
		assert.deepEqual(await session.within(session.provider.sweep(filter), 'sweep'), []);
		assert.equal((await session.provider.list({ owner })).length, 1);
	});

	test('sweep: an owner without anything', async (session) => {
		const filter = { owner: session.owner(), keep: new Set<string>(), olderThanMs: 0 };
		assert.deepEqual(await session.within(session.provider.sweep(filter), 'sweep'), []);
	});
}
