import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerBuilder, ws } from '@olcf/container-builder';
import { script, serveBuilder } from '@olcf/container-builder-builder';
import { decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { fakeProvider } from '@olcf/container-builder-testing';
import { expect, onTestFinished, test } from 'vitest';
import { buildService } from '../src/build-service.js';

/** The service with builders whose backend is a shell script. */
async function startService(backend: string) {
	const directory = await mkdtemp(join(tmpdir(), 'http-service-'));
	const provider = fakeProvider({
		onBoot: async ({ builderId }, bootstrap) => {
			const listen = { url: `ws+unix://${directory}/${provider.machines.length}.sock` };
			const server = await serveBuilder({
				transport: ws(),
				backends: [script(['/bin/sh', '-c', backend], { graceMs: 500 })],
				bootstrap: { ...decodeBootstrap(bootstrap), listen },
				directory: join(directory, builderId),
			});
			return { endpoint: listen, close: () => server.close() };
		},
	});
	const builder = new ContainerBuilder({ provider });
	const server = createServer(buildService({ builder, directory, maxRecipeBytes: 1024 })).listen(
		0,
		'127.0.0.1',
	);
	await once(server, 'listening');
	onTestFinished(async () => {
		server.closeAllConnections();
		server.close();
		await builder.close();
		await provider[Symbol.asyncDispose]();
		await rm(directory, { recursive: true, force: true });
	});
	const address = server.address();
	return {
		url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
		builder,
		provider,
	};
}

function readEvents(text: string): { readonly type: string; readonly [key: string]: unknown }[] {
	return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''));
}

const RECIPE = 'Bootstrap: scratch\n\n%post\n    echo hello\n';

test('a recipe goes in, events come out, the image can be fetched', async () => {
	const { url } = await startService('echo working; cp "$DEFINITION" "$IMAGE"');
	const response = await fetch(`${url}/builds`, { method: 'POST', body: RECIPE });
	expect(response.headers.get('content-type')).toBe('text/event-stream');
	const events = readEvents(await response.text());
	expect(events.at(0)).toMatchObject({ type: 'build-start', kind: 'apptainer' });
	expect(events.at(-1)).toMatchObject({ type: 'build-end', status: 'succeeded' });
	const output = events
		.filter(({ type }) => type === 'output')
		.map(({ bytes }) => Buffer.from(String(bytes), 'base64'));
	expect(Buffer.concat(output).toString()).toBe('working\n');
	const image = await fetch(`${url}/images/${events[0]?.buildId}`);
	expect(await image.text()).toBe(RECIPE);
});

test('a build that fails is told by its last event', async () => {
	const { url } = await startService('exit 3');
	const events = readEvents(await (await fetch(`${url}/builds`, { method: 'POST', body: RECIPE })).text());
	expect(events.at(-1)).toMatchObject({
		type: 'build-end',
		status: 'failed',
		error: { code: 'build-failed' },
	});
	expect((await fetch(`${url}/images/${events[0]?.buildId}`)).status).toBe(404);
});

test("a recipe cannot name this machine's files", async () => {
	const { url } = await startService('ls -A; cp "$DEFINITION" "$IMAGE"');
	const body = 'Bootstrap: scratch\n\n%files\n    /etc/hostname /stolen\n';
	const events = readEvents(await (await fetch(`${url}/builds`, { method: 'POST', body })).text());
	expect(events.find(({ type }) => type === 'build-start')).toMatchObject({ contextEntries: 0 });
});

test('hanging up cancels the build', async () => {
	const { url, builder } = await startService('echo working; sleep 300');
	const controller = new AbortController();
	const response = await fetch(`${url}/builds`, { method: 'POST', body: RECIPE, signal: controller.signal });
	const reader = response.body?.getReader();
	let text = '';
	while (!text.includes('event: output')) {
		const { value } = (await reader?.read()) ?? {};
		text += new TextDecoder().decode(value);
	}
	const ended = new Promise((resolve) => builder.queue.once('lease-end', resolve));
	controller.abort();
	await ended;
	const { builders } = await builder.queue.status();
	expect(builders.filter(({ state }) => state === 'leased')).toEqual([]);
});

test('what is not for this machine, too large or unknown is refused', async () => {
	const { url } = await startService('true');
	const statusOf = (path: string, init?: RequestInit) => fetch(url + path, init).then(({ status }) => status);
	expect(await statusOf('/builds', { method: 'POST', body: 'x'.repeat(1025) })).toBe(413);
	expect(await statusOf('/builds')).toBe(404);
	expect(await statusOf('/images/../../etc/passwd')).toBe(404);
	expect(
		await statusOf('/builds', { method: 'POST', body: RECIPE, headers: { origin: 'https://evil.example' } }),
	).toBe(403);
	const { port } = new URL(url);
	const rebound = await new Promise((resolve) => {
		httpRequest(
			{ host: '127.0.0.1', port, path: '/images/x', headers: { host: 'evil.example' } },
			(response) => {
				response.resume();
				resolve(response.statusCode);
			},
		).end();
	});
	expect(rebound).toBe(403);
});
