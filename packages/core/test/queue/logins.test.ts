import { type Logger, memoryStore, type RegistryLogin } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { buildId, type QueueWorld, queueWorld, type WorldOptions } from './queue-world.js';

const LOGIN: RegistryLogin = {
	registry: 'registry.example',
	username: 'site',
	password: 'only-the-site-knows',
};

function recorder(): { logger: Logger; lines: string[] } {
	const lines: string[] = [];
	const line = (fields: object, message: string): void =>
		void lines.push(`${message} ${JSON.stringify(fields)}`);
	return { lines, logger: { debug: line, info: line, warn: line, error: line } };
}

async function leased(world: QueueWorld) {
	const checkout = world.queue.checkout({ buildId: buildId(1) });
	await world.advance(30_000);
	const lease = await world.leaseOf(checkout);
	const daemon = world.daemons.get(lease.builderId);
	if (daemon === undefined) throw new Error('there is no such daemon');
	return { lease, daemon };
}

function worldWith(logins: () => Promise<readonly RegistryLogin[]>, more: WorldOptions = {}) {
	const { logger, lines } = recorder();
	return { lines, world: queueWorld({ ...more, queue: { ...more.queue, logins, logger } }) };
}

describe('the registry logins of a site', () => {
	it('reach the daemon sealed, as they are at the lease', async () => {
		const password = 'changed-since-the-start';
		let logins = [LOGIN];
		const store = memoryStore();
		const made = worldWith(async () => logins, { queue: { pool: { reserve: 1 }, store } });
		await using world = made.world;
		void world.queue.start();
		await world.advance(30_000);
		logins = [{ ...LOGIN, password }];
		const { daemon } = await leased(world);
		expect(daemon.bootstrap.logins).toBe(true);
		expect(daemon.logins).toEqual([[{ ...LOGIN, password }]]);
		const kept: unknown[] = [];
		for await (const entry of store.list('')) kept.push(entry);
		expect(kept.length).toBeGreaterThan(0);
		const written = JSON.stringify([
			world.events,
			made.lines,
			kept,
			daemon.sealedLogins,
			await world.queue.status(),
			await world.queue.find(buildId(1)),
		]);
		expect(written).not.toMatch(/changed-since-the-start|only-the-site-knows/);
	});

	it('are not sent where the site has none, nor is a key asked for', async () => {
		await using world = queueWorld();
		const { daemon } = await leased(world);
		expect(daemon.bootstrap.logins).toBeUndefined();
		expect(daemon.logins).toEqual([undefined]);
	});

	it.each<[string, () => Promise<readonly RegistryLogin[]>, WorldOptions, RegExp | undefined]>([
		['are empty', async () => [], {}, undefined],
		[
			'cannot be had',
			async () => {
				throw new Error('no such file');
			},
			{},
			/logins are not used: no such file/,
		],
		[
			'have no key',
			async () => [LOGIN],
			{ daemon: () => ({ withoutKey: true }) },
			/has no key to seal them to/,
		],
		[
			'are too many',
			async () => Array.from({ length: 65 }, () => LOGIN),
			{},
			/logins are not used: .* too many or too long/,
		],
	])('do not hold builds up where they %s', async (_name, logins, options, expected) => {
		const made = worldWith(logins, options);
		await using world = made.world;
		const { daemon } = await leased(world);
		expect(daemon.logins).toEqual([undefined]);
		if (expected) expect(made.lines.join('\n')).toMatch(expected);
		else expect(made.lines).toEqual([]);
	});
});

describe('the bases of a build', () => {
	it('are kept with it as its builder reports them, and forgotten when it begins anew', async () => {
		await using world = queueWorld();
		const { lease, daemon } = await leased(world);
		const bases = [{ reference: 'docker.io/library/debian:12', digest: `sha256:${'1'.repeat(64)}` }];
		expect((await world.queue.find(buildId(1)))?.bases).toBeUndefined();
		daemon.reportBases(bases);
		await world.advance();
		expect((await world.queue.find(buildId(1)))?.bases).toEqual(bases);
		for await (const build of world.queue.list()) expect(build.bases).toEqual(bases);
		const replacing = lease.replace('builder-lost');
		await world.advance(60_000);
		await replacing;
		expect((await world.queue.find(buildId(1)))?.bases).toBeUndefined();
	});
});
