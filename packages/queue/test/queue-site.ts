import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { script, serveBuilder } from '@olcf/container-builder-builder';
import {
	BuilderQueue,
	type BuilderQueueOptions,
	type Channel,
	RemoteQueue,
	type Transport,
} from '@olcf/container-builder-core';
import { decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { type FakeProvider, fakeProvider, memoryTransport } from '@olcf/container-builder-testing';
import { ws } from '@olcf/container-builder-transport-ws';
import { afterEach } from 'vitest';
import { noneAuthenticator, type QueueServer, type ServeQueueOptions, serveQueue } from '../src/index.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs after the test, the last one first. */
export function afterwards(cleanup: () => Promise<unknown>): void {
	cleanups.push(cleanup);
}

/** A directory of mode 0700 for one test. */
export async function temporaryDirectory(): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'cb-queue-test-'));
	afterwards(() => rm(directory, { recursive: true }));
	return directory;
}

/** Machines without a machine, on which the real daemon answers. */
export async function daemonProvider(): Promise<{ provider: FakeProvider; transport: Transport }> {
	const directory = await temporaryDirectory();
	const transport = memoryTransport();
	const provider = fakeProvider({
		onBoot: async (machine, bootstrap) => {
			if (machine.endpoint === undefined) throw new TypeError('a machine without an endpoint');
			const daemon = await serveBuilder({
				transport,
				backends: [script(['true'])],
				bootstrap: { ...decodeBootstrap(bootstrap), listen: { url: machine.endpoint.url } },
				directory: join(directory, machine.builderId),
			});
			return { endpoint: machine.endpoint, close: () => daemon.close() };
		},
	});
	afterwards(() => provider[Symbol.asyncDispose]());
	return { provider, transport };
}

/** A transport that remembers the channels that it opened. */
function remembering(transport: Transport): { transport: Transport; channels: Channel[] } {
	const channels: Channel[] = [];
	return {
		channels,
		transport: {
			...transport,
			connect: async (...connection) => {
				const channel = await transport.connect(...connection);
				channels.push(channel);
				return channel;
			},
		},
	};
}

/** A queue that is served on a unix socket, and a client of it. */
export async function queueSite(options: Partial<BuilderQueueOptions & ServeQueueOptions> = {}) {
	const directory = await temporaryDirectory();
	const { provider, transport } = await daemonProvider();
	const queue = new BuilderQueue({ provider, transports: [transport], owner: 'served', ...options });
	afterwards(() => queue.close());
	const url = `ws+unix://${directory}/queue.sock`;
	const serve = (): Promise<QueueServer> =>
		serveQueue({
			queue,
			transport: ws(),
			listen: [url],
			authenticators: options.authenticators ?? [noneAuthenticator()],
		});
	let server = await serve();
	afterwards(() => server.close());
	const client = remembering(ws());
	const remote = new RemoteQueue({ endpoint: url, transports: [client.transport] });
	afterwards(() => remote.close());
	return {
		queue,
		provider,
		remote,
		url,
		/** How often the client has connected. */
		connections: () => client.channels.length,
		breakConnection: () => client.channels.at(-1)?.abort(new Error('a cable was pulled')),
		stop: () => server.close(),
		restart: async () => {
			server = await serve();
		},
	};
}

/** Waits, by real time, until a condition holds; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
