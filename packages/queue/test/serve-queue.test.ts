import { userInfo } from 'node:os';
import { ContainerBuilderError, type QueueEvent, RemoteQueue } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import { describe, expect, it } from 'vitest';
import { noneAuthenticator, serveQueue } from '../src/index.js';
import { afterwards, queueSite, until } from './queue-site.js';

describe('a queue over a unix socket', () => {
	it('grants, renews, resumes and takes back', async () => {
		const { remote, queue, provider } = await queueSite();
		const checkout = remote.checkout({ buildId: 'build-0001', labels: { a: 'b' } });
		const told: string[] = [];
		for await (const event of checkout) told.push(event.type);
		const { lease } = await checkout.granted;
		expect(told.at(-1)).toBe('granted');
		expect(lease.builder.backends).toEqual([{ name: 'script', version: '1' }]);
		expect((await lease.renew()).remainingMs).toBeGreaterThan(14_000_000);
		const user = userInfo().username;
		expect(await remote.find('build-0001')).toMatchObject({ user, state: 'connecting', labels: { a: 'b' } });
		const { builders } = await remote.status();
		expect(builders).toMatchObject([{ id: lease.builderId, state: 'leased', buildId: 'build-0001', user }]);
		const again = await remote.resume('build-0001');
		expect(again.id).toBe(lease.id);
		expect(again.token).not.toBe(lease.token);
		await lease.release({ status: 'succeeded' });
		await lease.release({ status: 'succeeded' });
		await expect(again.renew()).rejects.toMatchObject({
			code: 'lease-lost',
			details: { reason: 'released' },
		});
		await until(() => provider.machines.length === 0);
		expect(await queue.find('build-0001')).toMatchObject({ state: 'succeeded' });
		const listed: string[] = [];
		for await (const build of remote.list({ states: ['succeeded'] })) listed.push(build.buildId);
		expect(listed).toEqual(['build-0001']);
	});

	it('replaces a builder, and cancels what waits', async () => {
		const { remote } = await queueSite({ pool: { max: 1 } });
		const first = remote.checkout({ buildId: 'build-0001' });
		const { lease } = await first.granted;
		const second = remote.checkout({ buildId: 'build-0002' });
		await until(async () => (await remote.status()).waiting.length === 1);
		const replaced = await lease.replace('builder-lost');
		expect(replaced.builderId).not.toBe(lease.builderId);
		expect(replaced.buildId).toBe('build-0001');
		await remote.cancel('build-0002', { reason: 'a mistake' });
		await expect(second.granted).rejects.toMatchObject({ code: 'canceled', message: 'a mistake' });
		await replaced.detach({ keepMs: 60_000 });
		await expect(remote.cancel('build-0003')).rejects.toMatchObject({ code: 'not-found' });
	});

	it('leaves the line at once when the client leaves, or its connection ends', async () => {
		const { remote, queue, url } = await queueSite({ pool: { max: 1 } });
		await remote.checkout({ buildId: 'build-0001' }).granted;
		const waiting = remote.checkout({ buildId: 'build-0002' });
		await until(async () => (await queue.status()).waiting.length === 1);
		await waiting.close();
		await until(async () => (await queue.status()).waiting.length === 0);

		const other = new RemoteQueue({ endpoint: url, transports: [ws()] });
		afterwards(() => other.close());
		const third = other.checkout({ buildId: 'build-0003' });
		await until(async () => (await queue.status()).waiting.length === 1);
		await other.close();
		await expect(third.granted).rejects.toMatchObject({ code: 'canceled' });
		await until(async () => (await queue.status()).waiting.length === 0);
		expect(await queue.find('build-0003')).toMatchObject({ state: 'canceled' });
	});

	it('comes back over a new connection: waits on, renews, watches on', async () => {
		const { remote, queue, breakConnection, connections } = await queueSite({ pool: { max: 1 } });
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		const seen: QueueEvent[] = [];
		const controller = new AbortController();
		afterwards(async () => controller.abort());
		void (async () => {
			for await (const event of remote.watch({ after: 0, signal: controller.signal })) seen.push(event);
		})().catch(() => {});
		const waiting = remote.checkout({ buildId: 'build-0002' });
		await until(async () => (await queue.status()).waiting.length === 1);
		for (let times = 0; times < 3; times++) {
			const before = connections();
			breakConnection();
			await until(() => connections() > before);
			await until(async () => (await queue.status()).waiting[0]?.buildId === 'build-0002');
		}
		expect((await lease.renew()).remainingMs).toBeGreaterThan(0);
		await lease.release({ status: 'failed', code: 'build-failed' });
		const { lease: next } = await waiting.granted;
		expect(next.buildId).toBe('build-0002');
		expect(await remote.find('build-0001')).toMatchObject({
			state: 'failed',
			error: { code: 'build-failed' },
		});
		await until(() =>
			seen.some(
				({ type, ...event }) => type === 'lease-start' && Reflect.get(event, 'buildId') === 'build-0002',
			),
		);
		expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, index) => index + 1));
	});

	it('outlives a server that is started anew', async () => {
		const { remote, stop, restart } = await queueSite();
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		await stop();
		const renewing = lease.renew();
		await restart();
		expect((await renewing).remainingMs).toBeGreaterThan(0);
	});

	it('takes a builder back whose client is gone', async () => {
		const { remote, queue, provider } = await queueSite({ idleMs: 200 });
		const ended = new Promise<string>((resolve) => queue.once('lease-end', ({ reason }) => resolve(reason)));
		await remote.checkout({ buildId: 'build-0001' }).granted;
		await remote.close();
		expect(await ended).toBe('idle');
		await until(() => provider.machines.length === 0);
	});

	it('tells listeners what happens', async () => {
		const { remote } = await queueSite();
		const types: string[] = [];
		remote.on('event', ({ type }) => types.push(type));
		const ready = new Promise((resolve) => remote.once('builder-ready', resolve));
		await remote.status();
		const { lease } = await remote.checkout({ buildId: 'build-0001' }).granted;
		await ready;
		await lease.release({ status: 'succeeded' });
		await until(() => types.includes('builder-gone'));
		expect(types).toEqual(expect.arrayContaining(['checkout-start', 'lease-start', 'lease-end']));
	});

	it('says which queue cannot be reached, and what to check', async () => {
		const { url, stop, remote } = await queueSite();
		await stop();
		const other = new RemoteQueue({ endpoint: url, transports: [ws()], connectTimeoutMs: 200 });
		await expect(other.status()).rejects.toMatchObject({
			code: 'queue-unreachable',
			message: expect.stringContaining('queue.sock'),
			hint: expect.stringContaining('CONTAINER_BUILDER_QUEUE'),
		});
		await expect(other.checkout({ buildId: 'build-0001' }).granted).rejects.toMatchObject({
			code: 'queue-unreachable',
		});
		await other.close();
		await remote.close();
		await remote.close();
		await expect(remote.status()).rejects.toMatchObject({ code: 'canceled' });
	});

	it('tells clients why their checkout failed', async () => {
		const { remote, provider } = await queueSite();
		provider.failNext(
			'create',
			new ContainerBuilderError('builder-image', 'there is no builder image', {
				outcome: 'none',
				hint: 'Make one: cb-image make',
			}),
		);
		await expect(remote.checkout({ buildId: 'build-0001' }).granted).rejects.toMatchObject({
			code: 'builder-image',
			message: 'there is no builder image',
			hint: 'Make one: cb-image make',
		});
	});
});

describe('a queue over TCP', () => {
	it('answers health checks on the same port, and knows nobody there without being told to', async () => {
		const { queue } = await queueSite();
		let ready = false;
		const server = await serveQueue({
			queue,
			transport: ws(),
			listen: ['ws://127.0.0.1:0'],
			authenticators: [noneAuthenticator()],
			isReady: () => ready,
		});
		afterwards(() => server.close());
		const [endpoint] = server.endpoints;
		const origin = endpoint?.url.replace('ws:', 'http:') ?? '';
		const statusOf = async (path: string): Promise<number> => (await fetch(origin + path)).status;
		expect(await statusOf('/healthz')).toBe(200);
		expect(await statusOf('/readyz')).toBe(503);
		ready = true;
		expect(await statusOf('/readyz')).toBe(200);
		expect(await statusOf('/')).toBe(404);

		const remote = new RemoteQueue({ endpoint: endpoint?.url ?? '', transports: [ws()] });
		afterwards(() => remote.close());
		await expect(remote.status()).rejects.toMatchObject({ code: 'unauthenticated' });
		await server.close();
		await server.close();
		await expect(fetch(`${origin}/healthz`)).rejects.toThrow();
	});

	it('shows each user their own, by what the authenticator says', async () => {
		const { queue } = await queueSite();
		const server = await serveQueue({
			queue,
			transport: ws({ insecure: true }),
			listen: ['ws://127.0.0.1:0'],
			authenticators: [
				{
					specificationVersion: 'v1',
					name: 'test',
					authenticate: async ({ token }) => {
						if (token === 'expired') throw new ContainerBuilderError('unauthenticated', 'this token is over');
						return token === undefined ? undefined : { user: token, groups: [], method: 'test' };
					},
				},
				noneAuthenticator({ insecure: true }),
			],
		});
		afterwards(() => server.close());
		const client = (token?: string): RemoteQueue => {
			const remote = new RemoteQueue({
				endpoint: server.endpoints[0] ?? '',
				transports: [ws()],
				token,
				insecure: true,
			});
			afterwards(() => remote.close());
			return remote;
		};
		const alice = client('alice');
		const bob = client('bob');
		const { lease } = await alice.checkout({ buildId: 'build-0001' }).granted;
		expect(await alice.find('build-0001')).toMatchObject({ user: 'alice' });
		expect(await bob.find('build-0001')).toBeUndefined();
		await expect(bob.resume('build-0001')).rejects.toMatchObject({ code: 'not-found' });
		await expect(bob.cancel('build-0001')).rejects.toMatchObject({ code: 'not-found' });
		await expect(bob.checkout({ buildId: 'build-0001' }).granted).rejects.toMatchObject({
			code: 'forbidden',
		});
		await expect(client('expired').status()).rejects.toMatchObject({
			code: 'unauthenticated',
			message: 'this token is over',
		});
		const anonymous = client().checkout({ buildId: 'build-0002' });
		await anonymous.granted;
		expect(await queue.find('build-0002')).toMatchObject({ user: 'anonymous' });
		await lease.release({ status: 'succeeded' });
	});

	it('refuses a place where it cannot listen, and leaves none open', async () => {
		const { queue } = await queueSite();
		const first = await serveQueue({
			queue,
			transport: ws(),
			listen: ['ws://127.0.0.1:0'],
			authenticators: [],
		});
		afterwards(() => first.close());
		const taken = first.endpoints[0]?.url ?? '';
		const second = serveQueue({
			queue,
			transport: ws(),
			listen: ['ws://127.0.0.1:0', taken],
			authenticators: [],
		});
		await expect(second).rejects.toMatchObject({
			code: 'invalid-option',
			message: expect.stringContaining(taken),
		});
	});

	it('has room for others, however many connections one has', async () => {
		const { queue, url } = await queueSite();
		const server = await serveQueue({
			queue,
			transport: ws(),
			listen: [`${url}2`],
			authenticators: [
				{
					specificationVersion: 'v1',
					name: 'named',
					authenticate: async ({ token = '' }) => ({ user: token, groups: [], method: 'named' }),
				},
			],
			connectionsPerUser: 3,
		});
		afterwards(() => server.close());
		const as = (token: string) => {
			const remote = new RemoteQueue({ endpoint: `${url}2`, transports: [ws()], token });
			afterwards(() => remote.close());
			return remote;
		};
		const many = [as('mallory'), as('mallory'), as('mallory')];
		for (const remote of many) await remote.status();
		await expect(as('mallory').status()).rejects.toMatchObject({
			message: expect.stringContaining('mallory has 3 connections to this queue already'),
		});
		await as('alice').status();
		await many[0]?.close();
		await until(async () =>
			as('mallory')
				.status()
				.then(
					() => true,
					() => false,
				),
		);
	});

	it('answers others at once while one asks without end', async () => {
		const { remote, url } = await queueSite();
		await remote.status();
		const flood = await ws().connect({ url }, { channel: 'queue', version: 1 });
		let answers = 0;
		const reading = (async () => {
			for await (const _ of flood) answers++;
		})().catch(() => {});
		let sent = 0;
		let isOver = false;
		const flooding = (async () => {
			while (!isOver) {
				await flood.send(JSON.stringify({ type: 'request', id: sent++, method: 'status', params: {} }));
				if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
			}
		})().catch(() => {});
		await until(async () => sent > 5_000 || answers > 1_000);
		const began = answers;
		for (let call = 0; call < 20; call++) await remote.status();
		isOver = true;
		flood.abort('enough');
		await Promise.all([flooding, reading]);
		// Twenty questions of another are not behind all that has been sent.
		expect(answers - began).toBeLessThan(2_000);
		expect(sent).toBeGreaterThan(answers);
	});
});
