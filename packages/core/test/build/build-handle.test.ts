import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildEvent, ContainerBuilderError, deferred } from '@olcf/container-builder-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { collect, makeWorld } from '../fixtures/world.js';

const IMAGE = Buffer.from('an image');

test('the first event comes in a later turn, and the constructor of a promise is not called for it', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	const seen: string[] = [];
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await Promise.resolve();
	await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
	build.on('event', (event) => seen.push(event.type));
	await build;
	expect(seen[0]).toBe('build-start');
	expect(seen.at(-1)).toBe('build-end');
	expect(Object.prototype.toString.call(build)).toBe('[object Build]');
	expect(build.then.constructor.name).toBe('Function');
});

test('each iteration begins with the first event, whenever it begins', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const early = collect(build);
	const second = collect(build);
	await build;
	const late = await collect(build);
	expect((await early).events).toEqual(late.events);
	expect((await second).events.filter((event) => !/progress/.test(event.type))).toEqual(
		late.events.filter((event) => !/progress/.test(event.type)),
	);
	expect(late.events.length).toBeGreaterThan(8);
});

test('listeners get what comes after they were added, by type and all', async () => {
	const { builder, client, directory } = await makeWorld();
	const go = deferred();
	builder.script = async () => {
		builder.begin();
		await go.promise;
		builder.print('late');
		builder.backendEnd(0);
		builder.built(IMAGE);
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await new Promise<void>((resolve) => void build.once('backend-start', () => resolve()));
	const outputs: string[] = [];
	const states: string[] = [];
	const ignored = (): void => void states.push('must not be called');
	build.on('output', ({ bytes }) => outputs.push(Buffer.from(bytes).toString()));
	build.on('state', ({ state }) => states.push(state));
	build.on('state', ignored).off('state', ignored);
	go.resolve();
	await build;
	expect(outputs.join('')).toBe('late');
	expect(states).toEqual(['built', 'downloading', 'succeeded']);
});

test('a listener that throws breaks nothing', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	const warnings: string[] = [];
	const onWarning = (warning: Error): void => void warnings.push(warning.message);
	process.on('warning', onWarning);
	onTestFinished(() => void process.off('warning', onWarning));
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const after: string[] = [];
	build.on('event', () => {
		throw new Error('the listener is broken');
	});
	build.on('event', ({ type }) => after.push(type));
	await build;
	await new Promise((resolve) => setImmediate(resolve));
	expect(after).toContain('build-end');
	expect(warnings[0]).toContain('the listener is broken');
});

test('break stops watching only', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	for await (const event of build) {
		if (event.type === 'state') break;
	}
	expect((await build).exitCode).toBe(0);
	expect(await readdir(directory)).toContain('hello.sif');
});

test('output() is the output and nothing else', async () => {
	const { builder, client, directory } = await makeWorld();
	const bytes = Buffer.from('\u001b[31mred\u001b[0m\r50%\r100%\ngrün');
	builder.script = () => {
		builder.begin();
		// A border within a character.
		builder.print(bytes.subarray(0, -2));
		builder.print(bytes.subarray(-2));
		builder.backendEnd(0);
		builder.built(IMAGE);
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const chunks: Uint8Array[] = [];
	for await (const chunk of build.output()) chunks.push(chunk);
	expect(Buffer.concat(chunks)).toEqual(bytes);
	expect((await build).lastOutput).toEqual(['100%', 'grün']);
});

test('a failure rejects the promise and ends the iteration with the same error', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => {
		builder.begin();
		builder.print('first\nsecond\n');
		builder.backendEnd(255);
		builder.end('failed', { code: 'build-failed', message: 'apptainer exited with 255', retryable: false });
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const { events, error } = await collect(build);
	await expect(build).rejects.toBe(error);
	expect(error).toMatchObject({
		code: 'build-failed',
		exitCode: 1,
		build: {
			id: build.id,
			exitCode: 1,
			backendExitCode: 255,
			lastOutput: ['first', 'second'],
			builderId: 'builder-1',
			attempts: 1,
		},
	});
	expect(Object.keys(error?.build?.phases ?? {})).toEqual(['queued', 'connecting', 'uploading', 'building']);
	expect(events.at(-1)).toMatchObject({
		type: 'build-end',
		status: 'failed',
		error: { code: 'build-failed' },
	});
	expect(events.at(-2)).toMatchObject({ type: 'state', state: 'failed' });
	expect(queue.released).toEqual([
		{ builderId: 'builder-1', outcome: { status: 'failed', code: 'build-failed' } },
	]);
	expect(await readdir(directory)).toEqual(['hello.def']);
});

test('a build that fails and that nobody awaits is no unhandled rejection', async () => {
	const { client, directory } = await makeWorld();
	const unhandled: unknown[] = [];
	const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
	process.on('unhandledRejection', onUnhandled);
	onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
	const build = client.build({ definition: 'there-is-none.def' }, { directory });
	const end = await new Promise<BuildEvent>((resolve) => void build.once('build-end', resolve));
	// Unhandled rejections are told between two turns.
	for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
	expect(end).toMatchObject({ status: 'failed', error: { code: 'source-missing' } });
	expect(unhandled).toEqual([]);
});

test('cancel() asks the backend to end, gives the builder back and settles', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => {
		builder.begin();
		builder.print('working\n');
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await new Promise<void>((resolve) => void build.once('output', () => resolve()));
	await Promise.all([build.cancel('enough'), build.cancel()]);
	expect(builder.cancels).toEqual([false]);
	expect(queue.released).toEqual([
		{ builderId: 'builder-1', outcome: { status: 'canceled', code: 'canceled' } },
	]);
	const { events, error } = await collect(build);
	expect(error).toMatchObject({ code: 'canceled', message: 'enough', exitCode: 130 });
	expect(error?.build?.lastOutput).toEqual(['working']);
	expect(events.at(-1)).toMatchObject({ type: 'build-end', status: 'canceled' });
	expect(build.state).toBe('canceled');
	await build.cancel();
});

test('a backend that does not end is ended by force after the grace', async () => {
	const { builder, client, directory } = await makeWorld({ cancelGraceMs: 20 });
	builder.script = () => builder.begin();
	const end = builder.onCancel;
	builder.onCancel = (force) => {
		if (force) end(force);
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await new Promise<void>((resolve) => void build.once('backend-start', () => resolve()));
	await build.cancel();
	expect(builder.cancels).toEqual([false, true]);
	await expect(build).rejects.toMatchObject({ code: 'canceled' });
});

test('a signal cancels a build that waits in line, which leaves the line', async () => {
	const { queue, client, directory } = await makeWorld();
	queue.gate = new Promise(() => {});
	queue.places = [{ type: 'place', place: 3, reason: 'all-builders-busy' }];
	const controller = new AbortController();
	const build = client.build(
		{ definition: 'hello.def', image: 'hello.sif' },
		{ directory, signal: controller.signal },
	);
	const places: BuildEvent[] = [];
	await new Promise<void>((resolve) => {
		build.once('queue-place', (event) => {
			places.push(event);
			resolve();
		});
	});
	controller.abort(new Error('the user went home'));
	await expect(build).rejects.toMatchObject({ code: 'canceled' });
	expect(places).toMatchObject([{ place: 3, reason: 'all-builders-busy' }]);
	expect(queue.left).toEqual([build.id]);
	expect(queue.released).toEqual([]);
});

test('a lease that is granted while one leaves the line is given back', async () => {
	const { queue, client, directory } = await makeWorld();
	const gate = deferred();
	queue.gate = gate.promise;
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const checkedOut = new Promise<void>((resolve) => {
		const { checkout } = queue;
		queue.checkout = (request) => {
			const made = checkout.call(queue, request);
			queueMicrotask(resolve);
			// This queue grants all the same.
			return {
				...made,
				[Symbol.asyncIterator]: made[Symbol.asyncIterator],
				close: async () => gate.resolve(),
			};
		};
	});
	await checkedOut;
	await build.cancel();
	await new Promise((resolve) => setImmediate(resolve));
	expect(queue.released).toEqual([{ builderId: 'builder-1', outcome: { status: 'canceled' } }]);
});

test('a signal that is aborted already ends the build before anything is asked for', async () => {
	const { queue, client, directory } = await makeWorld();
	const build = client.build(
		{ definition: 'hello.def', image: 'hello.sif' },
		{ directory, signal: AbortSignal.abort('no') },
	);
	await expect(build).rejects.toMatchObject({ code: 'canceled', message: 'no' });
	expect(queue.requests).toEqual([]);
});

test('await using cancels', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.begin();
	{
		await using build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
		await new Promise<void>((resolve) => void build.once('backend-start', () => resolve()));
	}
	expect(queue.released).toHaveLength(1);
});

test('the terminal of a build can be resized', async () => {
	const { builder, client, directory } = await makeWorld();
	const go = deferred();
	builder.script = async () => {
		builder.begin();
		await go.promise;
		builder.backendEnd(0);
		builder.built(IMAGE);
	};
	const build = client.build(
		{ definition: 'hello.def', image: 'hello.sif' },
		{ directory, terminal: { columns: 80, rows: 24 } },
	);
	await build.resize({ columns: 1, rows: 1 });
	await new Promise<void>((resolve) => void build.once('backend-start', () => resolve()));
	await build.resize({ columns: 132, rows: 43 });
	go.resolve();
	await build;
	// What it became while there was no builder yet.
	expect(builder.request?.terminal).toEqual({ columns: 1, rows: 1 });
	expect(builder.resizes.at(-1)).toEqual({ columns: 132, rows: 43 });
});

test('without a target the image stays on its builder until the build is let go of', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	const build = client.build({ definition: 'hello.def' }, { directory });
	const { image } = await build;
	expect(image.path).toBeUndefined();
	expect(queue.released).toEqual([]);
	await build[Symbol.asyncDispose]();
	await build[Symbol.asyncDispose]();
	expect(queue.released).toEqual([{ builderId: 'builder-1', outcome: { status: 'succeeded' } }]);
});

test('the architecture that was asked for is the one that is built for', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	await client.build({ definition: 'hello.def', image: 'x.sif', architecture: 'arm64' }, { directory });
	expect(builder.request?.architecture).toBe('arm64');
	expect(queue.requests[0]?.architecture).toBe('arm64');
});

test('nothing comes after build-end, also while an image is kept', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	queue.idleMs = 6;
	const build = client.build({ definition: 'hello.def' }, { directory });
	const seen: string[] = [];
	build.on('event', ({ type }) => seen.push(type));
	await build;
	const asked = deferred();
	queue.onRenew = () => {
		asked.resolve();
		throw new ContainerBuilderError('queue-unreachable', 'nobody there');
	};
	await asked.promise;
	await new Promise((resolve) => setImmediate(resolve));
	expect(seen.at(-1)).toBe('build-end');
	await build.cancel();
});

test('closing the client gives back builders that were kept, and ends builds', async () => {
	const { builder, builders, queue, client, directory } = await makeWorld({ builders: 2 });
	builder.script = () => builder.succeed(IMAGE);
	const [, second] = builders;
	if (second) second.script = () => second.begin();
	await client.build({ definition: 'hello.def' }, { directory });
	const running = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await new Promise<void>((resolve) => void running.once('backend-start', () => resolve()));
	await client.close();
	expect(queue.released.map(({ builderId, outcome }) => [builderId, outcome.status]).sort()).toEqual([
		['builder-1', 'succeeded'],
		['builder-2', 'canceled'],
	]);
	await expect(running).rejects.toMatchObject({ code: 'canceled' });
});

test('an image goes to a stream', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.script = () => builder.succeed(IMAGE);
	const chunks: Uint8Array[] = [];
	let closed = false;
	const writable = new WritableStream<Uint8Array>({
		write: (chunk) => void chunks.push(chunk),
		close: () => {
			closed = true;
		},
	});
	const { image } = await client.build({ definition: 'hello.def', image: { writable } }, { directory });
	expect(Buffer.concat(chunks)).toEqual(IMAGE);
	expect(closed).toBe(true);
	expect(image.path).toBeUndefined();
});

test('a detached build goes on, and is taken up again with its output and its image', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => {
		builder.begin();
		builder.print('before ');
	};
	const first = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await new Promise<void>((resolve) => void first.once('output', () => resolve()));
	await first.detach({ keepMs: 5000 });
	await expect(first).rejects.toMatchObject({ code: 'canceled', hint: expect.stringContaining(first.id) });
	expect(queue.detached).toEqual([{ builderId: 'builder-1', keepMs: 5000 }]);
	expect(queue.released).toEqual([]);
	expect(builder.cancels).toEqual([]);

	const again = client.attach(first.id, { image: join(directory, 'hello.sif'), from: 3 });
	await new Promise<void>((resolve) => void again.once('output', () => resolve()));
	builder.print('after');
	builder.backendEnd(0);
	builder.built(IMAGE);
	const chunks: Uint8Array[] = [];
	for await (const chunk of again.output()) chunks.push(chunk);
	const result = await again;
	expect(Buffer.concat(chunks).toString()).toBe('ore after');
	expect(result.image).toMatchObject({ path: join(directory, 'hello.sif'), size: IMAGE.length });
	expect(queue.released).toEqual([{ builderId: 'builder-1', outcome: { status: 'succeeded' } }]);
});

test('attached, an image that cannot be written stays where it is', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	const folder = join(directory, 'folder');
	await mkdir(folder);
	builder.begin();
	builder.print('a line\n');
	const build = client.attach('some-build-id', { image: join(folder, 'hello.sif') });
	await new Promise<void>((resolve) => void build.once('output', () => resolve()));
	await rmdir(folder);
	builder.backendEnd(0);
	builder.built(IMAGE);
	await expect(build).rejects.toMatchObject({
		code: 'image-write',
		hint: expect.stringContaining('attach again'),
	});
	expect(queue.released).toEqual([]);
	expect(queue.detached).toEqual([{ builderId: 'builder-1', keepMs: queue.remainingMs }]);
});

test('attached, a builder that cannot be reached from here keeps its build', async () => {
	const { builder, queue, client, directory, transport } = await makeWorld({ reconnectMs: 200 });
	builder.begin();
	builder.print('a line\n');
	const build = client.attach('some-build-id', { image: join(directory, 'hello.sif') });
	await new Promise<void>((resolve) => void build.once('output', () => resolve()));
	transport.setReachable(builder.endpoint.url, false);
	transport.breakChannels();
	await expect(build).rejects.toMatchObject({
		code: 'builder-lost',
		hint: expect.stringContaining('attach to it again'),
	});
	expect(queue.released).toEqual([]);
	expect(queue.detached).toEqual([{ builderId: 'builder-1', keepMs: queue.remainingMs }]);
});

test('attached, a build that failed gives its builder back', async () => {
	const { builder, queue, client } = await makeWorld();
	builder.begin();
	builder.end('failed');
	await expect(client.attach('some-build-id')).rejects.toMatchObject({ code: 'build-failed' });
	expect(queue.released).toMatchObject([{ outcome: { status: 'failed' } }]);
	expect(queue.detached).toEqual([]);
});

test.each([{ from: -1 }, { tail: 1.5 }, { from: 1, tail: 1 }])('is not attached with %j', async (options) => {
	const { queue, client } = await makeWorld();
	await expect(client.attach('some-build-id', options)).rejects.toMatchObject({ code: 'invalid-option' });
	expect(queue.released).toEqual([]);
});

test('attached without a target, the image is left where it is', async () => {
	const { builder, queue, client } = await makeWorld();
	builder.succeed(IMAGE, 'done\n');
	const build = client.attach('some-build-id');
	const { image, lastOutput } = await build;
	expect(image.size).toBe(IMAGE.length);
	expect(lastOutput).toEqual(['done']);
	expect(queue.released).toEqual([]);
	expect(queue.detached).toHaveLength(1);
});

test('a detached builder is kept until the deadline where nothing else is said', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.begin();
	queue.remainingMs = 7_000;
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await expect(build.detach()).resolves.toEqual({ keptMs: 7_000 });
	expect(queue.detached).toEqual([{ builderId: 'builder-1', keepMs: 7_000 }]);
	await expect(build.detach()).resolves.toEqual({ keptMs: 0 });
});

test('no longer than until the deadline, whatever is asked', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = () => builder.begin();
	queue.remainingMs = 7_000;
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	await expect(build.detach({ keepMs: 8_000 })).resolves.toEqual({ keptMs: 7_000 });
});

describe('the output of a build that runs', () => {
	const read = async (output: AsyncIterable<Uint8Array>): Promise<string> => {
		const chunks: Uint8Array[] = [];
		for await (const bytes of output) chunks.push(bytes);
		return Buffer.concat(chunks).toString();
	};

	test.each([
		[{}, 'one\ntwo\nthree'],
		[{ from: 4 }, 'two\nthree'],
		[{ from: 13 }, ''],
		[{ tail: 0 }, ''],
		[{ tail: 1 }, 'three'],
		[{ tail: 2 }, 'two\nthree'],
		[{ tail: 3 }, 'one\ntwo\nthree'],
		[{ tail: 9 }, 'one\ntwo\nthree'],
	])('is read with %j, as far as there is any', async (options, expected) => {
		const { builder, queue, client } = await makeWorld();
		builder.begin();
		builder.print('one\ntwo\n');
		builder.print('three');
		expect(await read(client.logs('some-build-id', options))).toBe(expected);
		expect(queue).toMatchObject({ renews: 0, detached: [], released: [] });
		expect(builder.cancels).toEqual([]);
	});

	test('is followed to its end', async () => {
		const { builder, client } = await makeWorld();
		builder.begin();
		builder.print('one\ntwo\n');
		const reading = read(client.logs('some-build-id', { tail: 1, follow: true }));
		await new Promise((resolve) => setTimeout(resolve, 20));
		builder.print('three\n');
		builder.backendEnd(0);
		builder.built(IMAGE);
		expect(await reading).toBe('two\nthree\n');
	});

	test('has its last lines found far back', async () => {
		const { builder, client } = await makeWorld();
		builder.begin();
		builder.print(`first\n${'x'.repeat(200_000)}\nlast\n`);
		expect((await read(client.logs('some-build-id', { tail: 2 }))).length).toBe(200_006);
		expect(await read(client.logs('some-build-id', { tail: 1 }))).toBe('last\n');
	});

	test.each([{ from: -1 }, { tail: 1.5 }])('is not read with %j', async (options) => {
		const { client } = await makeWorld();
		await expect(read(client.logs('some-build-id', options))).rejects.toMatchObject({
			code: 'invalid-option',
		});
	});

	test('is attached to from the last lines on', async () => {
		const { builder, client } = await makeWorld();
		builder.succeed(IMAGE, 'one\ntwo\nthree\n');
		const build = client.attach('some-build-id', { tail: 1 });
		expect(await read(build.output())).toBe('three\n');
		expect((await build).lastOutput).toEqual(['three']);
	});
});

describe('attaching to a build that does not run', () => {
	const RECORD = {
		...{ buildId: 'some-build-id', user: 'ann', architecture: 'amd64', labels: {}, ageMs: 1 },
	} as const;

	test.each([
		[undefined, 'the queue knows no build some-build-id of yours'],
		[{ ...RECORD, state: 'queued' }, 'the build some-build-id waits for a builder still'],
		[{ ...RECORD, state: 'succeeded' }, 'the build some-build-id is over, it has succeeded'],
		[{ ...RECORD, state: 'canceled' }, 'the build some-build-id is over, it was canceled'],
		[
			{ ...RECORD, state: 'failed', error: { code: 'lease-lost', message: 'too late' } },
			'the build some-build-id is over, it has failed: too late',
		],
	] as const)('of which is known %j', async (record, message) => {
		const { queue, client } = await makeWorld();
		queue.builders.length = 0;
		queue.record = record as typeof queue.record;
		await expect(client.attach('some-build-id')).rejects.toMatchObject({
			...{ code: 'not-found', exitCode: 2, message, hint: expect.any(String) },
		});
	});
});
