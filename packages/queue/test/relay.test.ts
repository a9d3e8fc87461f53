import { join } from 'node:path';
import { script, serveBuilder } from '@olcf/container-builder-builder';
import {
	BuilderQueue,
	type Channel,
	type Lease,
	RemoteBuilder,
	RemoteQueue,
	type Transport,
} from '@olcf/container-builder-core';
import { decodeBootstrap, PROTOCOL_VERSION, relayToken } from '@olcf/container-builder-core/protocol';
import { fakeProvider } from '@olcf/container-builder-testing';
import { ws } from '@olcf/container-builder-transport-ws';
import { describe, expect, it } from 'vitest';
import { noneAuthenticator, type ServeQueueOptions, serveQueue } from '../src/index.js';
import { afterwards, temporaryDirectory, until } from './queue-site.js';

/** A queue on a socket with builders that show certificates, and a client that counts who dials what. */
async function site(
	options: {
		relay?: ServeQueueOptions['relay'];
		use?: 'auto' | 'always' | 'never';
		meddle?: (channel: Channel) => Channel;
	} = {},
) {
	const directory = await temporaryDirectory();
	const provider = fakeProvider({
		capabilities: { listen: { url: 'wss://127.0.0.1:0' } },
		onBoot: async (machine, bootstrap) => {
			const daemon = await serveBuilder({
				transport: ws(),
				backends: [script(['sh', '-c', 'seq 20000; head -c 3000000 /dev/zero > "$IMAGE"'])],
				bootstrap: decodeBootstrap(bootstrap),
				directory: join(directory, machine.builderId),
			});
			return { endpoint: { url: daemon.endpoints[0]?.url ?? '' }, close: () => daemon.close() };
		},
	});
	afterwards(() => provider[Symbol.asyncDispose]());
	const queue = new BuilderQueue({ provider, transports: [ws()], owner: 'relaying', pool: { max: 2 } });
	afterwards(() => queue.close());
	const url = `ws+unix://${directory}/queue.sock`;
	const own = ws();
	const { meddle } = options;
	const transport: Transport =
		meddle === undefined
			? own
			: {
					...own,
					relay: (channel, endpoint, more) =>
						own.relay?.(meddle(channel), endpoint, more) ?? Promise.reject(),
				};
	const server = await serveQueue({
		...{ queue, transport, listen: [url], authenticators: [noneAuthenticator()] },
		relay: options.relay ?? 'always',
	});
	afterwards(() => server.close());
	const dialed: string[] = [];
	const client: Transport = {
		...own,
		connect: (endpoint, request, connection) => {
			const way = connection?.through === undefined ? 'directly' : 'through the queue';
			dialed.push(`${request.channel} ${way}`);
			return own.connect(endpoint, request, connection);
		},
	};
	const remote = new RemoteQueue({ endpoint: url, transports: [client], relay: options.use });
	afterwards(() => remote.close());
	const lease = async (number: number): Promise<Lease> =>
		(await remote.checkout({ buildId: `build-000${number}` }).granted).lease;
	const builderOf = ({ builderId, endpoint, token }: Pick<Lease, 'builderId' | 'endpoint' | 'token'>) => {
		const builder = new RemoteBuilder({
			id: builderId,
			endpoint,
			token,
			transports: [client],
			reconnectMs: 2_000,
		});
		afterwards(() => builder.close());
		return builder;
	};
	const relayed = (token: string) =>
		ws().connect({ url }, { channel: 'relay', version: PROTOCOL_VERSION, token });
	return { queue, remote, lease, builderOf, relayed, dialed, server };
}

type Site = Awaited<ReturnType<typeof site>>;

async function build({ builderOf }: Site, lease: Lease): Promise<{ output: string; bytes: number }> {
	const builder = builderOf(lease);
	await builder.start({
		...{ buildId: lease.buildId, definition: 'Bootstrap: scratch\n', kind: 'apptainer', format: 'sif' },
		...{ architecture: lease.builder.architectures[0] ?? 'amd64', arguments: {}, labels: {} },
	});
	let output = '';
	for await (const chunk of builder.output()) output += Buffer.from(chunk).toString();
	await until(async () => (await builder.state()).phase === 'built');
	let bytes = 0;
	const image = await builder.image();
	for await (const chunk of image.chunks) bytes += chunk.byteLength;
	return { output, bytes };
}

describe('a queue that carries connections on', () => {
	it('brings a whole build through, pinned to the builder’s own certificate', async () => {
		const here = await site();
		const lease = await here.lease(1);
		expect(lease.endpoint.fingerprint).toMatch(/^[0-9a-f]{64}$/);
		expect(lease.endpoint.relay).toMatchObject({ leaseId: lease.id });
		const { output, bytes } = await build(here, lease);
		expect(output.trim().split('\n')).toHaveLength(20_000);
		expect(bytes).toBe(3_000_000);
		expect(new Set(here.dialed)).toEqual(
			new Set([
				'queue directly',
				'relay directly',
				'build through the queue',
				'output through the queue',
				'image through the queue',
			]),
		);
	});

	it('lets a certificate that is not the builder’s through to nobody', async () => {
		const here = await site();
		const lease = await here.lease(1);
		const fingerprint = 'f'.repeat(64);
		const builder = here.builderOf({ ...lease, endpoint: { ...lease.endpoint, fingerprint } });
		await expect(builder.state()).rejects.toMatchObject({ code: 'fingerprint-mismatch' });
	});

	it('changes a byte on the way: the client takes nothing of it', async () => {
		let frames = 0;
		const here = await site({
			meddle: (channel) => ({
				...channel,
				closed: channel.closed,
				send: (frame, more) => {
					// The handshake is through by then.
					if (typeof frame !== 'string' && ++frames > 6)
						frame = Uint8Array.from(frame, (byte, index) =>
							index === frame.length - 1 ? Number(byte) ^ 1 : Number(byte),
						);
					return channel.send(frame, more);
				},
				close: (info) => channel.close(info),
				abort: (reason) => channel.abort(reason),
				[Symbol.asyncIterator]: () => channel[Symbol.asyncIterator](),
				[Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
			}),
		});
		const lease = await here.lease(1);
		await expect(build(here, lease)).rejects.toMatchObject({
			code: expect.stringMatching(/^(builder-lost|builder-unreachable|connection-lost)$/),
		});
	});

	it('goes nowhere for who has no token of the lease', async () => {
		const here = await site();
		const [one, two] = [await here.lease(1), await here.lease(2)];
		const wrong = [
			[relayToken(one.id, 'x'.repeat(43)), 'not-found'],
			[relayToken(one.id, two.token), 'not-found'],
			[relayToken('0'.repeat(36), one.token), 'not-found'],
			[one.id, 'unauthenticated'],
			[one.token, 'unauthenticated'],
			['127.0.0.1:22', 'unauthenticated'],
			[`${one.id}.${one.token}.x`, 'unauthenticated'],
		] as const;
		for (const [token, code] of wrong) {
			await expect(here.relayed(token), token).rejects.toMatchObject({ code });
		}
		const channel = await here.relayed(relayToken(one.id, one.token));
		await channel.close();
		const resumed = await here.remote.resume('build-0001');
		for (const { token } of [one, resumed]) await (await here.relayed(relayToken(one.id, token))).close();
		await one.release({ status: 'succeeded' });
		for (const { token } of [one, resumed]) {
			await expect(here.relayed(relayToken(one.id, token))).rejects.toMatchObject({ code: 'not-found' });
		}
	});

	it('carries so many connections of a lease and no more, and others beside them', async () => {
		const here = await site();
		const [one, two] = [await here.lease(1), await here.lease(2)];
		const opened = await Promise.all(
			Array.from({ length: 64 }, () => here.relayed(relayToken(one.id, one.token))),
		);
		await expect(here.relayed(relayToken(one.id, one.token))).rejects.toMatchObject({ code: 'busy' });
		await (await here.relayed(relayToken(two.id, two.token))).close();
		await opened[0]?.close();
		await until(async () => {
			const again = await here.relayed(relayToken(one.id, one.token)).catch(() => undefined);
			await again?.close();
			return again !== undefined;
		});
		await Promise.all(opened.map((channel) => channel.close()));
	});

	it('ends what it carries when the lease ends, and when it closes', async () => {
		const here = await site();
		const [one, two] = [await here.lease(1), await here.lease(2)];
		const channels = [];
		for (const lease of [one, two]) channels.push(await here.relayed(relayToken(lease.id, lease.token)));
		const [first, second] = channels;
		for (const channel of channels) void drain(channel);
		await one.release({ status: 'succeeded' });
		await first?.closed;
		await here.server.close();
		await second?.closed;
	});

	it.each([
		['never', 'auto', false],
		['auto', 'auto', false],
		['auto', 'always', true],
		['always', 'auto', true],
		['always', 'never', false],
	] as const)('%s at the queue and %s at the client', async (relay, use, expected) => {
		const here = await site({ relay, use });
		const lease = await here.lease(1);
		expect(lease.endpoint.relay !== undefined).toBe(expected);
		await here.builderOf(lease).state();
		expect(here.dialed.at(-1)).toBe(expected ? 'build through the queue' : 'build directly');
	});

	it('that carries none says so', async () => {
		const here = await site({ relay: 'never' });
		const lease = await here.lease(1);
		await expect(here.relayed(relayToken(lease.id, lease.token))).rejects.toMatchObject({
			code: 'unsupported',
		});
	});
});

async function drain(channel: Channel): Promise<void> {
	try {
		for await (const _ of channel);
	} catch {
		// It has ended.
	}
}
