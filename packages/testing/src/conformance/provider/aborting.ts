import assert from 'node:assert/strict';
import { isContainerBuilderError } from '@olcf/container-builder-core';
import { rejectsWith } from '../suite.js';
import type { ProviderTest } from './provider-fixture.js';

export function testAborting(test: ProviderTest): void {
	test('abort: a signal that is aborted already rejects, and nothing is made', async (session) => {
		const owner = session.owner();
		const options = { signal: AbortSignal.abort('no') };
		const request = session.request(owner);
		const { provider } = session;
		await rejectsWith(provider.create(request, options), 'canceled', 'create');
		await rejectsWith(provider.list({ owner }, options), 'canceled', 'list');
		await rejectsWith(
			provider.sweep({ owner, keep: new Set(), olderThanMs: 0 }, options),
			'canceled',
			'sweep',
		);
		await rejectsWith(provider.destroy(request, options), 'canceled', 'destroy');
		assert.deepEqual(await provider.list({ owner }), []);
		await session.create(request);
		await rejectsWith(provider.destroy(request, options), 'canceled', 'destroy of what exists');
		assert.equal((await provider.list({ owner })).length, 1);
	});

	for (const delayMs of [0, 5, 25, 100]) {
		test(`abort: ${delayMs} ms after the start of create leaves nothing behind`, async (session) => {
			const owner = session.owner();
			const request = session.request(owner);
			const controller = new AbortController();
			const creating = session.provider.create(request, { signal: controller.signal }).then(
				() => 'made' as const,
				(error: unknown) => error,
			);
			await new Promise((resolve) => setTimeout(resolve, delayMs));
			controller.abort(new Error('changed my mind'));
			const outcome = await session.within(creating, 'create');
			if (outcome === 'made') {
				// Too late: then it exists, as if nothing had happened.
				assert.equal((await session.provider.list({ owner })).length, 1);
				return;
			}
			assert.ok(
				isContainerBuilderError(outcome) && outcome.code === 'canceled',
				`canceled, not ${String(outcome)}`,
			);
			if (outcome.outcome !== 'unknown') {
				await session.listed(owner, (machines) => machines.length === 0, 'nothing');
				const swept = await session.provider.sweep({ owner, keep: new Set(), olderThanMs: 0 });
				assert.deepEqual(swept, [], 'nor is anything else left');
			}
			// And the same builder can be made after all.
			await session.create(request);
			assert.equal((await session.provider.list({ owner })).length, 1);
		});
	}
}
