import type { Checkout, Lease } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { queueWorld } from './queue-world.js';

const SECOND = 1_000;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

interface Client {
	readonly buildId: string;
	readonly joinedAt: number;
	readonly checkout: Checkout;
	lease?: Lease;
	gone?: true;
}

/**
 * Clients that come, wait, leave, build, vanish; machines that are slow, fail, die, cannot be deleted; a provider
 * and connections that break. Whatever happens: never more machines than allowed, never two leases on one builder,
 * nobody overtaken, nobody forgotten, and at the end nothing is left.
 */
async function liveThrough(seed: number): Promise<void> {
	const random = randomNumbers(seed);
	const chance = (probability: number): boolean => random() < probability;
	const max = 1 + Math.floor(random() * 5);
	const reserve = Math.floor(random() * (max + 1));
	const world = queueWorld({
		queue: {
			pool: {
				max,
				reserve,
				bootTimeoutMs: 60 * SECOND,
				createConcurrency: 1 + Math.floor(random() * 3),
			},
			idleMs: 60 * SECOND,
			deadlineMs: 20 * 60 * SECOND,
		},
		provider: {
			seed,
			listStaleMs: chance(0.3) ? 2 * SECOND : 0,
			quota: chance(0.2) ? max - 1 + (max === 1 ? 1 : 0) : undefined,
			machines: () => ({
				delayMs: [0, 5 * SECOND],
				bootMs: [0, 20 * SECOND],
				fault: chance(0.05) ? 'no valid host' : undefined,
				neverReady: chance(0.05),
				diesAfterMs: chance(0.1) ? [SECOND, 600 * SECOND] : undefined,
				deathShows: chance(0.5) ? 'failed' : 'gone',
				deleteErrors: chance(0.1) ? 2 : 0,
				deleteDelayMs: [0, 3 * SECOND],
				lingersMs: chance(0.2) ? 5 * SECOND : 0,
				error: chance(0.05) ? { outcome: chance(0.5) ? 'none' : 'unknown' } : undefined,
			}),
		},
	});
	const { queue, provider, advance, transport, clock } = world;
	const clients: Client[] = [];
	const granted: { buildId: string; joinedAt: number }[] = [];
	const builders = new Map<string, string>();
	const overtaken: string[] = [];

	const join = (): void => {
		const buildId = `build-${seed}-${String(clients.length).padStart(4, '0')}`;
		const checkout = queue.checkout({ buildId });
		const client: Client = { buildId, joinedAt: clock.now(), checkout };
		clients.push(client);
		checkout.granted.then(
			({ lease }) => {
				client.lease = lease;
				const other = builders.get(lease.builderId);
				if (other !== undefined) overtaken.push(`${lease.builderId} for ${other} and ${buildId}`);
				builders.set(lease.builderId, buildId);
				const waiting = clients.find(
					(one) => one.lease === undefined && !one.gone && one.joinedAt < client.joinedAt,
				);
				if (waiting !== undefined) overtaken.push(`${waiting.buildId} by ${buildId}`);
				granted.push({ buildId, joinedAt: client.joinedAt });
			},
			() => {
				client.gone = true;
			},
		);
	};
	const use = async (client: Client): Promise<void> => {
		if (client.gone) return;
		const { lease } = client;
		if (lease === undefined) {
			if (chance(0.03)) await client.checkout.close();
		} else if (chance(0.08)) {
			client.gone = true;
			await lease.release({ status: 'succeeded' });
		} else if (chance(0.01)) {
			client.gone = true;
		} else {
			await lease.renew().catch(() => {
				client.gone = true;
			});
		}
	};

	if (reserve > 0) await queue.start();
	for (let step = 0; step < 120; step++) {
		if (chance(0.25)) join();
		for (const client of clients) await use(client);
		if (chance(0.02)) transport.breakChannels({ channel: 'control' });
		await advance(Math.floor(random() * 15 * SECOND));
		const seen = (await queue.status()).builders;
		expect(seen.length, `builders at step ${step} of seed ${seed}`).toBeLessThanOrEqual(max);
		const ours = provider.machines.filter(({ state }) => state !== 'deleting');
		expect(ours.length, `machines at step ${step} of seed ${seed}`).toBeLessThanOrEqual(max);
	}
	// Let everybody have a turn who still waits.
	for (let step = 0; step < 400 && clients.some(({ lease, gone }) => !lease && !gone); step++) {
		for (const client of clients) {
			if (client.lease === undefined || client.gone) continue;
			client.gone = true;
			await client.lease.release({ status: 'succeeded' });
		}
		await advance(10 * SECOND);
	}
	expect(overtaken, `seed ${seed}`).toEqual([]);
	expect(clients.filter(({ lease, gone }) => !lease && !gone)).toEqual([]);
	expect(granted.length, `grants of seed ${seed}`).toBeGreaterThan(0);

	const closing = queue.close();
	await advance(110 * SECOND);
	await closing;
	expect(provider.machines.map(({ builderId }) => builderId)).toEqual([]);
	await provider[Symbol.asyncDispose]();
	// What is left are the machines' own deaths to come.
	await clock.runAll();
	expect((await queue.status()).builders).toEqual([]);
}

describe('a random day', () => {
	it.each(Array.from({ length: 50 }, (_, seed) => seed + 1))('goes well with seed %i', (seed) =>
		liveThrough(seed),
	);
});
