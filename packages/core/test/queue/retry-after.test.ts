import { ContainerBuilderError } from '@olcf/container-builder-core';
import { type FakeCall, fakeProvider, virtualClock } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { ProviderCalls } from '../../src/queue/pool/provider-calls.js';
import { buildId, newsOf, type QueueWorld } from './queue-world.js';
import { useQueueWorld } from './use-queue-world.js';

const SECOND = 1_000;

const make = useQueueWorld();

const tooMany = (retryAfterMs: number): ContainerBuilderError =>
	new ContainerBuilderError('provider-unavailable', 'too many requests', {
		outcome: 'none',
		details: { retryAfterMs },
	});

function timesOf(method: FakeCall['method'], { provider }: QueueWorld): number[] {
	return provider.calls.filter((call) => call.method === method).map(({ atMs }) => atMs / SECOND);
}

describe('a provider that wants to be left alone', () => {
	it('is not asked for a machine before, and then is', async () => {
		const made = make();
		const { queue, advance, leaseOf, provider } = made;
		provider.failNext('create', tooMany(45 * SECOND), 2);
		const checkout = queue.checkout({ buildId: buildId(1) });
		const news = newsOf(checkout);
		await advance(30 * SECOND);
		expect(news.at(-1)).toMatchObject({ reason: 'provider-failing', detail: 'too many requests' });
		await advance(90 * SECOND);
		expect((await leaseOf(checkout)).buildId).toBe(buildId(1));
		expect(timesOf('create', made)).toEqual([0, 45, 90]);
	});

	it('is left alone by all pools that are of it', async () => {
		const pools = [{ name: 'one' }, { name: 'two' }];
		const made = make({ queue: { pools } });
		const { queue, advance, provider, leaseOf } = made;
		provider.failNext('create', tooMany(60 * SECOND));
		const first = queue.checkout({ buildId: buildId(1), pool: 'one' });
		await advance(SECOND);
		const second = queue.checkout({ buildId: buildId(2), pool: 'two' });
		await advance(58 * SECOND);
		expect(timesOf('create', made)).toEqual([0]);
		await advance(3 * SECOND);
		for (const checkout of [first, second]) await leaseOf(checkout);
	});

	it('is not asked for its list before, and then is', async () => {
		const made = make({ queue: { pool: { reserve: 1 } } });
		const { queue, advance, provider } = made;
		provider.failNext('list', tooMany(100 * SECOND));
		void queue.start();
		await advance(99 * SECOND);
		expect(timesOf('list', made)).toEqual([0]);
		await advance(60 * SECOND);
		expect(timesOf('list', made)[1]).toBeGreaterThanOrEqual(100);
		expect((await queue.status()).builders).toMatchObject([{ state: 'ready' }]);
	});

	it('is believed by whoever asks for the same thing, not for another', async () => {
		const clock = virtualClock();
		const provider = fakeProvider({ clock });
		const { signal } = new AbortController();
		const calls = new ProviderCalls({ provider, owner: 'test', clock, createConcurrency: 1, signal });
		provider.failNext('list', tooMany(10 * SECOND));
		await expect(calls.list()).rejects.toMatchObject({ details: { retryAfterMs: 10 * SECOND } });
		await expect(calls.listAnew()).rejects.toMatchObject({ details: { retryAfterMs: 10 * SECOND } });
		await calls.sweep(new Set(), 0);
		await clock.advance(10 * SECOND);
		expect(await calls.list()).toEqual([]);
		expect(provider.calls.map(({ method }) => method)).toEqual(['list', 'sweep', 'list']);
	});
});
