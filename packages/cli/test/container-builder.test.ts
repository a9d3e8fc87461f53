import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeProvider } from '@olcf/container-builder-testing';
import { ws as realWs } from '@olcf/container-builder-transport-ws';
import { describe, expect, test } from 'vitest';
import { ContainerBuilder, isContainerBuilderError, ws } from '../src/index.js';
import { startSite } from './support/site.js';

describe('ContainerBuilder', () => {
	test('builds by a queue somewhere else, and closes what is its own', async () => {
		const { url, directory, queue } = await startSite();
		const definition = join(directory, 'a.def');
		await writeFile(definition, 'Bootstrap: scratch\n');
		const builder = new ContainerBuilder({ queue: url });
		const { image } = await builder.build({ definition, image: join(directory, 'a.sif') });
		expect(await readFile(image.path ?? '', 'utf8')).toBe('Bootstrap: scratch\n');
		expect((await builder.queue.status()).owner).toBe('site');
		await builder.close();
		await builder.close();
		expect((await queue.status()).state).toBe('open');
	});

	test('a queue that exists already stays open', async () => {
		const { queue } = await startSite();
		await using builder = new ContainerBuilder({ queue });
		expect(builder.queue).toBe(queue);
		await builder.close();
		expect((await queue.status()).state).toBe('open');
	});

	test('the queue in this process makes builders by the provider, and destroys them when it is closed', async () => {
		await using provider = fakeProvider({ machines: () => ({ neverReady: true }) });
		const builder = new ContainerBuilder({ provider, reserve: 2 });
		const created: string[] = [];
		const both = new Promise<void>((resolve) => {
			builder.queue.on('event', (event) => {
				if (event.type !== 'builder-create-end') return;
				created.push(event.builderId);
				if (created.length === 2) resolve();
			});
		});
		await builder.start();
		await both;
		expect(provider.machines).toHaveLength(2);
		const { pools, owner } = await builder.queue.status();
		expect(pools).toMatchObject([{ provider: 'fake', reserve: 2, max: 4 }]);
		expect(owner).toMatch(/^embedded-/);
		await builder.close();
		expect(provider.machines).toEqual([]);
	});

	test('a build that is canceled while the queue is loaded leaves nothing', async () => {
		await using provider = fakeProvider();
		const builder = new ContainerBuilder({ provider });
		const controller = new AbortController();
		const build = builder.build(
			{ definition: { text: 'Bootstrap: scratch\n' } },
			{ signal: controller.signal },
		);
		build.on('state', () => controller.abort());
		await expect(build).rejects.toMatchObject({ code: 'canceled' });
		await builder.close();
		expect(provider.machines).toEqual([]);
	});

	test('after close the queue says so', async () => {
		const builder = new ContainerBuilder({ provider: fakeProvider() });
		await builder.close();
		await expect(builder.queue.status()).rejects.toMatchObject({ code: 'queue-closed' });
		const caught = await builder
			.build({ definition: { text: 'Bootstrap: scratch\n' } })
			.catch((error) => error);
		expect(isContainerBuilderError(caught)).toBe(true);
		expect(caught.exitCode).toBe(3);
	});

	test('options that exclude each other are a TypeError, at once', () => {
		expect(() => new ContainerBuilder({ queue: 'wss://q.example', provider: 'local' })).toThrow(TypeError);
		expect(() => new ContainerBuilder({ queue: 'wss://q.example', reserve: 1 })).toThrow(/reserve/);
		expect(() => new ContainerBuilder({ token: 'secret' })).toThrow(TypeError);
	});
});

test('the transport that is loaded late says the same of itself as the real one', () => {
	// What it does is loaded with the first connection; that there is the same to do is known before.
	const said = (transport: object): object =>
		Object.fromEntries(
			Object.entries(transport).map(([key, value]) => [
				key,
				typeof value === 'function' ? 'a function' : value,
			]),
		);
	expect(said(ws())).toEqual(said(realWs()));
});
