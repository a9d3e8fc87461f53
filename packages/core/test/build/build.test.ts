import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../fixtures/scripted-builder.js';
import { collect, HELLO, makeWorld } from '../fixtures/world.js';

test('a definition becomes an image', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	const image = randomBytes(3_000_000);
	queue.places = [{ type: 'place', place: 1, reason: 'builder-starting', detail: 'sandbox' }];
	builder.script = () => builder.succeed(image, 'one\ntwo\n');
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const { events, error } = await collect(build);
	const result = await build;

	expect(error).toBeUndefined();
	expect(image.equals(await readFile(join(directory, 'hello.sif')))).toBe(true);
	expect((await stat(join(directory, 'hello.sif'))).mode & 0o777).toBe(0o755 & ~process.umask());
	expect(result).toMatchObject({
		id: build.id,
		exitCode: 0,
		backendExitCode: 0,
		attempts: 1,
		builderId: 'builder-1',
		lastOutput: ['one', 'two'],
		image: { path: join(directory, 'hello.sif'), format: 'sif', ...digestOf(image) },
	});
	const names = events.map((event) => (event.type === 'state' ? event.state : event.type));
	expect(names.filter((name, at) => name !== names[at - 1])).toEqual([
		'build-start',
		'queued',
		'queue-place',
		'connecting',
		'builder',
		'uploading',
		'building',
		'backend-start',
		'output',
		'backend-end',
		'built',
		'downloading',
		'download-progress',
		'succeeded',
		'build-end',
	]);
	expect(events.map(({ sequence }) => sequence)).toEqual(
		[...events.map(({ sequence }) => sequence)].sort((a, b) => a - b),
	);
	expect(queue.released).toEqual([{ builderId: 'builder-1', outcome: { status: 'succeeded' } }]);
	expect(builder.request).toMatchObject({
		definition: HELLO,
		kind: 'apptainer',
		format: 'sif',
		architecture: 'amd64',
	});
	expect((await readdir(directory)).sort()).toEqual(['hello.def', 'hello.sif']);
});

test('local files go along', async () => {
	const { builder, client, directory } = await makeWorld();
	await writeFile(join(directory, 'data.txt'), 'some data');
	await writeFile(join(directory, 'files.def'), `${HELLO}%files\n    data.txt /data.txt\n`);
	builder.script = () => builder.succeed(Buffer.from('image'));
	const build = client.build({ definition: 'files.def', image: 'hello.sif' }, { directory });
	const { events } = await collect(build);
	await build;
	expect(builder.manifest?.entries).toEqual([
		{ path: 'data.txt', type: 'file', mode: 0o644, ...digestOf(Buffer.from('some data')) },
	]);
	expect(builder.archive.includes('some data')).toBe(true);
	expect(events.find(({ type }) => type === 'build-start')).toMatchObject({
		contextSize: 9,
		contextEntries: 1,
	});
	expect(events.findLast(({ type }) => type === 'upload-progress')).toMatchObject({ sentBytes: 9, size: 9 });
});

test('what a queue goes by is in the checkout', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(Buffer.from('image'));
	const labels = { project: 'x' };
	const input = { definition: 'hello.def', architecture: 'amd64', priority: 'low', labels } as const;
	const build = client.build(input, { directory });
	await build;
	expect(queue.requests).toEqual([{ buildId: build.id, architecture: 'amd64', priority: 'low', labels }]);
	await client.build({ definition: 'hello.def' }, { directory }).catch(() => {});
	expect(Object.keys(queue.requests[1] ?? {})).toEqual(['buildId']);
});
