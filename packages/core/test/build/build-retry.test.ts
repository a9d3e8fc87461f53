import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type Build,
	type BuilderEvent,
	type BuildOptions,
	ContainerBuilderError,
	deferred,
	systemClock,
} from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { BuildSession } from '../../src/build/build-session.js';
import { followBuilder } from '../../src/build/follow-builder.js';
import type { ScriptedBuilder } from '../fixtures/scripted-builder.js';
import { collect, HELLO, makeWorld } from '../fixtures/world.js';

const IMAGE = Buffer.from('an image');
const LOST = { code: 'builder-lost', message: 'the daemon was stopped', retryable: true } as const;
const KEPT = { definition: 'hello.def', image: 'hello.sif' };

/** A world whose first builder dies as soon as the definition is being executed there; the second does its work. */
async function makeTwo(options: Parameters<typeof makeWorld>[0] = {}) {
	const world = await makeWorld({ builders: 2, reconnectMs: 50, ...options });
	const [first, second] = world.builders as [ScriptedBuilder, ScriptedBuilder];
	const lose = (builder: ScriptedBuilder): void => {
		world.transport.setReachable(builder.endpoint.url, false);
		world.transport.breakChannels({ url: builder.endpoint.url });
	};
	first.script = () => {
		first.begin();
		first.print('one\ntw');
	};
	second.script = () => second.succeed(IMAGE, 'one\ntwo\n');
	const start = (input: object = KEPT, more: BuildOptions = { retryLost: true }): Build => {
		const build = world.client.build(
			{ definition: 'hello.def', ...input },
			{ directory: world.directory, ...more },
		);
		build.once('output', () => lose(first));
		return build;
	};
	return { ...world, first, second, lose, start };
}

describe('a builder that is lost while the definition is executed', () => {
	test('is told as infrastructure, with the output so far and what to do', async () => {
		const { queue, start, directory } = await makeTwo();
		const { events, error } = await collect(start(KEPT, {}));
		expect(error).toMatchObject({
			code: 'builder-lost',
			exitCode: 4,
			hint: expect.stringContaining('retryLost'),
			details: { backendStarted: true },
			build: { lastOutput: ['one', 'tw'], attempts: 1, builderId: 'builder-1' },
		});
		expect(events.at(-1)).toMatchObject({ error: { details: { backendStarted: true } } });
		expect(events.filter(({ type }) => type === 'build-retry')).toEqual([]);
		expect(queue.replaced).toEqual([]);
		expect(queue.released).toEqual([
			{ builderId: 'builder-1', outcome: { status: 'failed', code: 'builder-lost' } },
		]);
		expect(await readdir(directory)).toEqual(['hello.def']);
	});

	test('with retryLost everything begins anew on a fresh one', async () => {
		const { queue, first, second, start, directory } = await makeTwo();
		await writeFile(join(directory, 'data.txt'), 'some data');
		await writeFile(join(directory, 'files.def'), `${HELLO}%files\n    data.txt /data.txt\n`);
		const secrets = [{ id: 'token', value: 'PLANTED' }];
		const build = start({ definition: 'files.def', image: 'x.sif', secrets });
		const { events, error } = await collect(build);
		expect(error).toBeUndefined();
		expect(await build).toMatchObject({
			attempts: 2,
			builderId: 'builder-2',
			backendExitCode: 0,
			lastOutput: ['one', 'two'],
		});
		const names = events.map((event) => (event.type === 'state' ? event.state : event.type));
		const told = ['uploading', 'building', 'backend-start'];
		const from = names.indexOf('build-retry');
		expect(names.slice(0, from)).toEqual(expect.arrayContaining([...told, 'output']));
		expect(names.slice(from, from + 4)).toEqual(['build-retry', 'queued', 'connecting', 'builder']);
		expect(names.slice(from)).toEqual(expect.arrayContaining([...told, 'output', 'built', 'succeeded']));
		expect(events[from]).toMatchObject({
			attempt: 2,
			error: { code: 'builder-lost' },
			backendStarted: true,
			outputOffset: 6,
		});
		expect(second.request).toEqual(first.request);
		expect(second.request?.secrets).toHaveLength(1);
		expect(second.archive).toEqual(first.archive);
		expect(second.archive.includes('some data')).toBe(true);
		expect(await readFile(join(directory, 'x.sif'))).toEqual(IMAGE);
		expect((await readdir(directory)).sort()).toEqual(['data.txt', 'files.def', 'hello.def', 'x.sif']);
		expect(queue.replaced).toEqual(['builder-1']);
		expect(queue.released).toEqual([{ builderId: 'builder-2', outcome: { status: 'succeeded' } }]);
	});

	test('what it had printed stays, and the output of the next one follows from its first byte', async () => {
		const { start } = await makeTwo();
		const build = start();
		const { events } = await collect(build);
		const outputs = events.flatMap((event) => (event.type === 'output' ? [event] : []));
		let offset = 0;
		for (const { offset: at, bytes } of outputs) {
			expect(at).toBe(offset);
			offset += bytes.byteLength;
		}
		const chunks: Uint8Array[] = [];
		for await (const chunk of build.output()) chunks.push(chunk);
		expect(Buffer.concat(chunks).toString()).toBe('one\ntwone\ntwo\n');
		expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
	});

	test('retries are bounded all the same', async () => {
		const { queue, second, lose, start } = await makeTwo();
		second.script = () => {
			second.begin();
			lose(second);
		};
		const { error } = await collect(start(KEPT, { retryLost: true, retries: 1 }));
		expect(error).toMatchObject({ code: 'builder-lost', build: { attempts: 2, builderId: 'builder-2' } });
		expect(error?.hint).not.toContain('retryLost');
		expect(queue.replaced).toEqual(['builder-1']);
	});

	test('where there is no other builder, the loss is told with the output of the lost one', async () => {
		const { queue, start } = await makeTwo();
		queue.builders.splice(1);
		const { events, error } = await collect(start());
		expect(error).toMatchObject({
			code: 'builder-lost',
			build: { lastOutput: ['one', 'tw'], attempts: 1, builderId: 'builder-1' },
		});
		expect(events.find(({ type }) => type === 'warning')).toMatchObject({
			message: 'there is no fresh builder: no builders left',
		});
		expect(queue.released).toHaveLength(1);
	});

	test('a definition that fails at the second try is not tried a third time', async () => {
		const { second, start, queue } = await makeTwo({ builders: 3 });
		second.script = () => {
			second.begin();
			second.print('why\n');
			second.backendEnd(7);
			second.end('failed', { code: 'build-failed', message: 'it failed', retryable: false });
		};
		const { error } = await collect(start());
		expect(error).toMatchObject({
			code: 'build-failed',
			exitCode: 1,
			build: { attempts: 2, backendExitCode: 7, lastOutput: ['why'] },
		});
		expect(queue.replaced).toEqual(['builder-1']);
	});
});

describe('what the queue says of the lease counts', () => {
	const over = (reason: string) => new ContainerBuilderError('lease-lost', 'over', { details: { reason } });

	test.each([
		['nothing against it', undefined, true],
		['the builder was lost', over('builder-lost'), true],
		['the build was canceled', over('canceled'), false],
		['the deadline has passed', over('deadline'), false],
		['there was no sign of life', over('idle'), false],
		['the queue was closed', new ContainerBuilderError('queue-closed', 'closed'), false],
		['nothing is known of it', new ContainerBuilderError('not-found', 'no such lease'), false],
		['the queue does not answer', new ContainerBuilderError('queue-unreachable', 'no'), true],
	])('a daemon that was stopped: %s', async (_name, answer, retried) => {
		const { queue, first, client, directory } = await makeTwo();
		queue.onRenew = () => {
			if (answer !== undefined) throw answer;
		};
		first.script = () => {
			first.begin();
			first.end('failed', LOST);
		};
		const build = client.build(KEPT, { directory, retryLost: true });
		const { events, error } = await collect(build);
		expect(error?.code).toBe(retried ? undefined : 'builder-lost');
		expect(queue.replaced).toEqual(retried ? ['builder-1'] : []);
		expect(events.some(({ type }) => type === 'build-retry')).toBe(retried);
	});

	test('a deadline that has passed is a limit, whether the queue answers or not', async () => {
		const { queue, start } = await makeTwo();
		queue.remainingMs = 0;
		queue.onRenew = () => {
			if (queue.renews > 1) throw new ContainerBuilderError('queue-unreachable', 'no');
		};
		const { error } = await collect(start());
		expect(error).toMatchObject({ code: 'builder-lost', build: { attempts: 1 } });
		expect(error?.details).toBeUndefined();
		expect(queue.replaced).toEqual([]);
	});
});

describe('what is no loss', () => {
	test.each([
		'build-failed',
		'time-limit',
		'resource-limit',
		'output-limit',
		'backend-failed',
		'canceled',
	] as const)('%s is never repeated', async (code) => {
		const { queue, first, client, directory } = await makeTwo();
		first.script = () => {
			first.begin();
			first.end(code === 'canceled' ? 'canceled' : 'failed', { code, message: code, retryable: true });
		};
		const { error } = await collect(client.build(KEPT, { directory, retryLost: true }));
		expect(error?.code).toBe(code);
		expect(error?.details).toBeUndefined();
		expect(queue.replaced).toEqual([]);
	});
});

describe('a builder that is lost while its image is downloaded', () => {
	const LARGE = randomBytes(200_000);

	async function makeDownload() {
		const world = await makeTwo();
		const { first, second, transport, client, directory } = world;
		first.script = () => first.succeed(LARGE);
		second.script = () => second.succeed(LARGE);
		/** Gone once so many bytes of the image went over. */
		const dieAfter = (size: number): void => {
			first.cutAfter = (name) => {
				if (name !== 'image') return undefined;
				transport.setReachable(first.endpoint.url, false);
				return size;
			};
		};
		const start = (image: Parameters<typeof client.build>[0]['image']) =>
			client.build({ definition: 'hello.def', image }, { directory, retryLost: true });
		const chunks: Uint8Array[] = [];
		const writable = new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(chunk) });
		return { ...world, dieAfter, start, writable, chunks };
	}

	test('a file is not touched before the second image is whole', async () => {
		const { dieAfter, start, directory, queue } = await makeDownload();
		dieAfter(1000);
		const { events } = await collect(start('x.sif'));
		const names = events.map((event) => (event.type === 'state' ? event.state : event.type));
		expect(names.filter((name) => name === 'downloading' || name === 'build-retry')).toEqual([
			'downloading',
			'build-retry',
			'downloading',
		]);
		expect(LARGE.equals(await readFile(join(directory, 'x.sif')))).toBe(true);
		expect((await readdir(directory)).sort()).toEqual(['hello.def', 'x.sif']);
		expect(queue.replaced).toEqual(['builder-1']);
	});

	test('a stream that has got bytes gets no second image', async () => {
		const { dieAfter, start, queue, writable } = await makeDownload();
		dieAfter(1000);
		const { error } = await collect(start({ writable }));
		expect(error).toMatchObject({ code: 'builder-lost', build: { attempts: 1 } });
		expect(error?.details).toBeUndefined();
		expect(queue.replaced).toEqual([]);
	});

	test('a stream that has got none does', async () => {
		const { start, transport, first, writable, chunks, queue } = await makeDownload();
		const build = start({ writable });
		build.on('state', ({ state }) => {
			if (state === 'downloading') transport.setReachable(first.endpoint.url, false);
		});
		expect(await build).toMatchObject({ attempts: 2 });
		expect(LARGE.equals(Buffer.concat(chunks))).toBe(true);
		expect(queue.replaced).toEqual(['builder-1']);
	});
});

describe('while a fresh builder is waited for', () => {
	test('cancel() ends the build, and gives back a builder that comes all the same', async () => {
		const { queue, start } = await makeTwo();
		const gate = deferred();
		queue.replaceGate = gate.promise;
		const build = start();
		await new Promise<void>((resolve) => void build.once('build-retry', () => resolve()));
		const canceling = build.cancel('enough');
		gate.resolve();
		await canceling;
		await expect(build).rejects.toMatchObject({ code: 'canceled', message: 'enough' });
		expect(queue.released).toEqual([
			{ builderId: 'builder-2', outcome: { status: 'canceled', code: 'canceled' } },
		]);
	});

	test('detach() waits until the definition is executed there, also before the next is asked for', async () => {
		const { queue, first, second, client, directory } = await makeTwo();
		first.script = () => {
			first.begin();
			first.end('failed', LOST);
		};
		second.script = () => second.begin();
		const build = client.build(KEPT, { directory, retryLost: true });
		const detaching = deferred<unknown>();
		queue.onRenew = () => {
			queue.onRenew = () => {};
			detaching.resolve(build.detach({ keepMs: 5000 }));
		};
		await detaching.promise;
		await expect(build).rejects.toMatchObject({
			code: 'canceled',
			message: expect.stringMatching(/^detached/),
		});
		expect(queue.detached).toEqual([{ builderId: 'builder-2', keepMs: 5000 }]);
	});

	test('the terminal has the size that it has got meanwhile', async () => {
		const { first, second, start } = await makeTwo();
		const build = start(KEPT, { retryLost: true, terminal: { columns: 80, rows: 24 } });
		build.once('build-retry', () => void build.resize({ columns: 132, rows: 43 }));
		await build;
		expect(first.request?.terminal).toEqual({ columns: 80, rows: 24 });
		expect(second.request?.terminal).toEqual({ columns: 132, rows: 43 });
	});
});

test('output that comes after the end of its builder is not taken for that of the next', async () => {
	const session = new BuildSession('build-0001', { clock: systemClock });
	const ending = new AbortController();
	const late = deferred();
	const builder = {
		async *states(): AsyncGenerator<BuilderEvent> {
			const numbered = { sequence: 1, elapsedMs: 0 };
			yield { ...numbered, type: 'backend-start', backend: 'apptainer', command: [] };
			await new Promise((_, reject) =>
				ending.signal.addEventListener('abort', () => reject(new ContainerBuilderError('canceled', 'over'))),
			);
		},
		async *output(): AsyncGenerator<Uint8Array> {
			yield Buffer.from('in time');
			await late.promise;
			yield Buffer.from('late');
		},
	};
	session.moveTo('connecting');
	session.tryOn('builder-1');
	const first = new Promise((resolve) => session.emitter.once('output', resolve));
	const following = followBuilder(session, builder as never, ending.signal);
	await first;
	ending.abort();
	await expect(following).rejects.toMatchObject({ code: 'canceled' });
	late.resolve();
	await new Promise((resolve) => setImmediate(resolve));
	expect(session.summary(4).lastOutput).toEqual(['in time']);
	expect(session.builderOutputOffset).toBe(7);
});
