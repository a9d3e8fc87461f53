import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError, deferred, type ErrorCode } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { collect, HELLO, makeWorld } from '../fixtures/world.js';

const IMAGE = Buffer.from('an image');

describe('found before anything is sent', () => {
	const cases: readonly {
		name: string;
		definition?: string | Uint8Array;
		input?: { image?: string; arguments?: Record<string, string>; definition?: string; priority?: 'high' };
		prepare?: (directory: string) => Promise<unknown>;
		code: ErrorCode;
		message: string | RegExp;
		exitCode?: number;
	}[] = [
		{
			name: 'definition missing',
			input: { definition: 'none.def' },
			code: 'source-missing',
			message: 'the definition none.def does not exist',
		},
		{
			name: 'definition is a directory',
			input: { definition: '.' },
			code: 'source-missing',
			message: 'the definition . is a directory',
		},
		{
			name: 'definition empty',
			definition: '\n\n',
			code: 'invalid-definition',
			message: 'test.def is empty',
		},
		{
			name: 'definition is an image',
			definition: Buffer.from([0x53, 0x49, 0x46, 0, 0xff, 0xfe]),
			code: 'invalid-definition',
			message: 'test.def is not a text',
		},
		{
			name: 'definition is too long',
			definition: `Bootstrap: scratch\n${'#'.repeat(1_048_577)}`,
			code: 'invalid-definition',
			message: /longer than 1048576/,
		},
		{
			name: 'unknown section, and another mistake',
			definition: 'Bootstrap: docker\n\n%pst\n    true\n',
			code: 'invalid-definition',
			message: 'test.def:1:1: Bootstrap: docker needs a line From:\ntest.def:3:1: there is no section %pst',
		},
		{
			name: 'argument without a value',
			definition: 'Bootstrap: docker\nFrom: debian:{{ SUITE }}\n',
			code: 'invalid-definition',
			message:
				'test.def:2:14: the argument SUITE has no value: give --build-arg SUITE=VALUE, or a default in %arguments',
		},
		{
			name: 'argument that is not used',
			input: { arguments: { SUTIE: 'trixie' } },
			code: 'invalid-definition',
			message: 'the definition does not use the build argument SUTIE',
		},
		{
			name: 'source missing',
			definition: `${HELLO}%files\n    data.txt\n`,
			code: 'source-missing',
			message: /^test.def:7:5: there is no data.txt in /,
		},
		{
			name: 'image exists',
			prepare: (directory) => writeFile(join(directory, 'x.sif'), 'precious'),
			code: 'image-exists',
			message: 'x.sif : file already exists. Add --force flag to override',
		},
		{
			name: 'image is a dangling link',
			prepare: (directory) => symlink('nowhere', join(directory, 'x.sif')),
			code: 'image-exists',
			message: /already exists/,
		},
		{
			name: 'directory of the image missing',
			input: { image: 'no/such/x.sif' },
			code: 'image-write',
			message: /no\/such: no such directory$/,
			exitCode: 6,
		},
		{
			name: 'a priority that there is not',
			input: { priority: 'urgent' as 'high' },
			code: 'invalid-option',
			message: 'there is no priority urgent',
		},
		{
			name: 'image at a URL',
			input: { image: 'https://example.org/x.sif' },
			code: 'invalid-option',
			message: 'an image cannot be written to "https://example.org/x.sif"',
		},
	];
	test.each(cases)('$name', async ({ definition, input, prepare, code, message, exitCode = 2 }) => {
		const { queue, client, directory } = await makeWorld();
		await writeFile(join(directory, 'test.def'), definition ?? HELLO);
		await prepare?.(directory);
		const before = await readdir(directory);
		const build = client.build({ definition: 'test.def', image: 'x.sif', ...input }, { directory });
		const { events, error } = await collect(build);
		expect(error).toMatchObject({ code, exitCode, build: { attempts: 0, lastOutput: [], exitCode } });
		expect(error?.message).toMatch(message);
		expect(events.map(({ type }) => type)).toEqual(['state', 'build-end']);
		expect(queue.requests).toEqual([]);
		expect(await readdir(directory)).toEqual(before);
	});

	test('a special file in the place of the image, also with force', async () => {
		const { client } = await makeWorld();
		const definition = { text: HELLO };
		await expect(client.build({ definition, image: '/dev/null' }, { force: true })).rejects.toMatchObject({
			code: 'invalid-option',
			message: '/dev/null is not a regular file',
		});
	});

	test('a directory that may not be written to', async ({ skip }) => {
		skip(process.getuid?.() === 0, 'root may write everywhere');
		const { client, directory } = await makeWorld();
		await mkdir(join(directory, 'locked'), { mode: 0o500 });
		const build = client.build({ definition: 'hello.def', image: 'locked/x.sif' }, { directory });
		await expect(build).rejects.toMatchObject({
			code: 'image-write',
			message: expect.stringMatching(/permission denied$/),
		});
		await chmod(join(directory, 'locked'), 0o700);
	});

	test('a read-only file system', async () => {
		const { client } = await makeWorld();
		const build = client.build({ definition: { text: HELLO }, image: '/proc/1/x.sif' });
		await expect(build).rejects.toMatchObject({ code: 'image-write' });
	});
});

test('force overwrites, through a symbolic link', async () => {
	const { builder, client, directory } = await makeWorld();
	await writeFile(join(directory, 'real.sif'), 'old');
	await symlink('real.sif', join(directory, 'link.sif'));
	builder.script = () => builder.succeed(IMAGE);
	await client.build({ definition: 'hello.def', image: 'link.sif' }, { directory, force: true });
	expect(await readFile(join(directory, 'real.sif'))).toEqual(IMAGE);
	expect((await readdir(directory)).sort()).toEqual(['hello.def', 'link.sif', 'real.sif']);
});

test('somebody who puts a file there meanwhile keeps it', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	builder.script = async () => {
		await writeFile(join(directory, 'x.sif'), 'precious');
		builder.succeed(IMAGE);
	};
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await expect(build).rejects.toMatchObject({ code: 'image-exists', exitCode: 2 });
	expect(await readFile(join(directory, 'x.sif'), 'utf8')).toBe('precious');
	expect((await readdir(directory)).sort()).toEqual(['hello.def', 'x.sif']);
	expect(queue.released[0]?.outcome).toEqual({ status: 'failed', code: 'image-exists' });
});

test('an image that is not what was announced is not kept', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.imageDigest = { size: IMAGE.length, sha256: '0'.repeat(64) };
	builder.script = () => builder.succeed(IMAGE);
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await expect(build).rejects.toMatchObject({ code: 'digest-mismatch', exitCode: 6 });
	expect(await readdir(directory)).toEqual(['hello.def']);
});

test('a builder that is lost in the middle: what it said is kept', async () => {
	const { transport, builder, queue, client, directory } = await makeWorld({ reconnectMs: 100 });
	builder.script = () => {
		builder.begin();
		builder.print('one\ntwo\n');
	};
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await new Promise<void>((resolve) => void build.once('output', () => resolve()));
	transport.setReachable(builder.endpoint.url, false);
	transport.breakChannels();
	const { events, error } = await collect(build);
	expect(error).toMatchObject({
		code: 'builder-lost',
		exitCode: 4,
		build: { lastOutput: ['one', 'two'], attempts: 1, builderId: 'builder-1' },
	});
	expect(events.at(-1)).toMatchObject({ type: 'build-end', status: 'failed' });
	expect(queue.replaced).toEqual([]);
	expect(queue.released).toEqual([
		{ builderId: 'builder-1', outcome: { status: 'failed', code: 'builder-lost' } },
	]);
	expect(await readdir(directory)).toEqual(['hello.def']);
});

test('a queue that knows that the builder is gone spares the waiting', async () => {
	const { transport, builder, queue, client, directory } = await makeWorld({ reconnectMs: 3_600_000 });
	builder.script = () => builder.begin();
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await new Promise<void>((resolve) => void build.once('backend-start', () => resolve()));
	queue.onRenew = () => {
		throw new ContainerBuilderError('lease-lost', 'the builder died');
	};
	transport.setReachable(builder.endpoint.url, false);
	transport.breakChannels();
	await expect(build).rejects.toMatchObject({
		code: 'builder-lost',
		message: expect.stringMatching(/is gone/),
	});
});

test('who has no network at all waits for as long as the queue keeps the builder', async () => {
	const { transport, builder, queue, client, directory } = await makeWorld({ reconnectMs: 100 });
	const image = Buffer.from('image');
	builder.script = () => builder.begin();
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await new Promise<void>((resolve) => void build.once('backend-start', () => resolve()));
	queue.onRenew = () => {
		throw new ContainerBuilderError('queue-unreachable', 'there is no way');
	};
	transport.setReachable(builder.endpoint.url, false);
	transport.breakChannels();
	// Ten times as long as a builder is waited for that its queue can be asked about.
	await new Promise((resolve) => setTimeout(resolve, 1_000));
	expect(build.state).toBe('building');
	queue.onRenew = () => {};
	transport.setReachable(builder.endpoint.url, true);
	builder.succeed(image, '');
	expect((await build).attempts).toBe(1);
	expect(image.equals(await readFile(join(directory, 'x.sif')))).toBe(true);
});

test('connections that break are made anew, and nothing is lost', async () => {
	const { transport, builder, client, directory } = await makeWorld();
	const parts = Array.from({ length: 20 }, (_, number) => `line ${number}\n`);
	builder.script = async () => {
		builder.begin();
		for (const part of parts) {
			builder.print(part);
			await new Promise((resolve) => setTimeout(resolve, 2));
			transport.breakChannels({ url: builder.endpoint.url });
		}
		builder.backendEnd(0);
		builder.built(IMAGE);
	};
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	const chunks: Uint8Array[] = [];
	for await (const chunk of build.output()) chunks.push(chunk);
	const { events } = await collect(build);
	expect(Buffer.concat(chunks).toString()).toBe(parts.join(''));
	expect(events.filter(({ type }) => type === 'backend-start')).toHaveLength(1);
	expect(await readFile(join(directory, 'x.sif'))).toEqual(IMAGE);
	expect(builder.opened.filter((name) => name === 'output').length).toBeGreaterThan(1);
});

test('a builder lost before its backend started is replaced', async () => {
	const { transport, builders, queue, client, directory } = await makeWorld({ builders: 2, reconnectMs: 50 });
	const [first, second] = builders;
	if (!first || !second) throw new TypeError('two builders');
	first.script = () => {
		transport.setReachable(first.endpoint.url, false);
		transport.breakChannels({ url: first.endpoint.url });
	};
	second.script = () => second.succeed(IMAGE);
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	const { events } = await collect(build);
	const result = await build;
	expect(result).toMatchObject({ attempts: 2, builderId: 'builder-2' });
	expect(events.find(({ type }) => type === 'build-retry')).toMatchObject({
		attempt: 2,
		error: { code: 'builder-lost' },
	});
	expect(queue.replaced).toEqual(['builder-1']);
	expect(queue.released).toEqual([{ builderId: 'builder-2', outcome: { status: 'succeeded' } }]);
});

test('retries are bounded', async () => {
	const { transport, builders, queue, client, directory } = await makeWorld({ builders: 4, reconnectMs: 20 });
	for (const builder of builders) transport.setReachable(builder.endpoint.url, false);
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory, retries: 1 });
	await expect(build).rejects.toMatchObject({ code: 'builder-lost', build: { attempts: 2 } });
	expect(queue.replaced).toEqual(['builder-1']);
	expect(queue.released.map(({ builderId }) => builderId)).toEqual(['builder-2']);
});

test('where there is no other builder, the first loss is what is told', async () => {
	const { transport, builder, queue, client, directory } = await makeWorld({ reconnectMs: 20 });
	transport.setReachable(builder.endpoint.url, false);
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await expect(build).rejects.toMatchObject({ code: 'builder-lost' });
	expect(queue.replaced).toEqual(['builder-1']);
});

test('losing the queue does not end a build', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	queue.idleMs = 15;
	const asked = deferred();
	queue.onRenew = () => {
		asked.resolve();
		throw new ContainerBuilderError('queue-unreachable', 'nobody there');
	};
	builder.script = async () => {
		builder.begin();
		await asked.promise;
		builder.backendEnd(0);
		builder.built(IMAGE);
	};
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	const { events } = await collect(build);
	expect((await build).exitCode).toBe(0);
	expect(events.filter(({ type }) => type === 'warning')).toMatchObject([
		{ message: expect.stringContaining('the queue does not answer (nobody there)') },
	]);
});

test('a lease that is over ends the build', async () => {
	const { builder, queue, client, directory } = await makeWorld();
	queue.idleMs = 15;
	queue.onRenew = () => {
		throw new ContainerBuilderError('lease-lost', 'the lease is over');
	};
	builder.script = () => builder.begin();
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	await expect(build).rejects.toMatchObject({ code: 'lease-lost', exitCode: 4 });
});

test('what a builder refuses is told as it is', async () => {
	const { builder, client, directory } = await makeWorld();
	builder.script = () => {
		builder.begin();
		builder.backendEnd(null, 'SIGKILL');
		builder.end('failed', {
			code: 'resource-limit',
			message: 'out of memory',
			retryable: false,
			hint: 'Less.',
		});
	};
	const build = client.build({ definition: 'hello.def', image: 'x.sif' }, { directory });
	const { events, error } = await collect(build);
	expect(error).toMatchObject({ code: 'resource-limit', exitCode: 5, hint: 'Less.' });
	expect(error?.build?.backendExitCode).toBeUndefined();
	expect(events.find(({ type }) => type === 'backend-end')).toMatchObject({
		exitCode: null,
		signal: 'SIGKILL',
	});
});

test('a source that changes while it is sent is named', async () => {
	const { queue, client, directory } = await makeWorld();
	await writeFile(join(directory, 'data.txt'), 'old data');
	await writeFile(join(directory, 'files.def'), `${HELLO}%files\n    data.txt\n`);
	const gate = deferred();
	queue.gate = gate.promise;
	const build = client.build({ definition: 'files.def', image: 'x.sif' }, { directory });
	build.once('state', () => gate.resolve(writeFile(join(directory, 'data.txt'), 'new data')));
	await expect(build).rejects.toMatchObject({
		code: 'source-changed',
		exitCode: 6,
		message: expect.stringContaining('data.txt'),
	});
	expect(queue.replaced).toEqual([]);
});
