import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { BuildInput, BuildOptions, QueueStatus } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { collect, HELLO, makeWorld } from '../fixtures/world.js';

type World = Awaited<ReturnType<typeof makeWorld>>;

/** Builds a definition that is given as a text; what came of it. */
async function build(
	world: World,
	text: string,
	{ name = 'app.def', ...input }: Partial<BuildInput> & { readonly name?: string } = {},
	options: BuildOptions = {},
) {
	const { client, directory, builder } = world;
	await writeFile(join(directory, name), text);
	builder.script = () => builder.succeed(Buffer.from('image'));
	const handle = client.build(
		{ definition: name, image: 'app.sif', ...input },
		{ directory, force: true, ...options },
	);
	const { events, error } = await collect(handle);
	const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
	return { handle, events, error, warnings };
}

const DOCKERFILE = 'FROM scratch\nCOPY a.txt /a.txt\n';

describe('what is refused before anybody is asked', () => {
	const cases: readonly (readonly [string, string, Partial<BuildInput>, BuildOptions, object])[] = [
		[
			'all mistakes of a text',
			'Bootstrap: docker\n\n%pots\n    true\n',
			{},
			{},
			{
				code: 'invalid-definition',
				message: expect.stringMatching(/^app\.def:\d+:\d+: .*\napp\.def:\d+:\d+: /),
			},
		],
		[
			'a target of a definition file',
			HELLO,
			{ target: 'build' },
			{},
			{ code: 'invalid-option', message: expect.stringContaining('only Dockerfiles have a target') },
		],
		[
			'an OCI archive from a definition file',
			HELLO,
			{ image: 'app.tar' },
			{},
			{ code: 'invalid-option', message: expect.stringContaining('it makes a SIF, not an OCI archive') },
		],
		[
			'buildah for a definition file',
			HELLO,
			{ backend: 'buildah' },
			{},
			{
				code: 'invalid-option',
				message: 'buildah builds Dockerfiles, but app.def is an Apptainer definition file',
			},
		],
		[
			'apptainer for a Dockerfile',
			DOCKERFILE,
			{ backend: 'apptainer' },
			{},
			{
				code: 'invalid-option',
				message: 'apptainer builds Apptainer definition files, but app.def is a Dockerfile',
			},
		],
		[
			'the id of a secret',
			HELLO,
			{ secrets: [{ id: '../etc', value: 'SECRET' }] },
			{},
			{ code: 'invalid-option', message: '"../etc" cannot be the id of a secret' },
		],
		[
			'two secrets of one id',
			HELLO,
			{
				secrets: [
					{ id: 'a', value: 'SECRET' },
					{ id: 'a', value: 'x' },
				],
			},
			{},
			{ code: 'invalid-option', message: 'there are two secrets with the id a' },
		],
		[
			'large secrets',
			HELLO,
			{
				secrets: [
					{ id: 'a', value: new Uint8Array(500_000) },
					{ id: 'b', value: new Uint8Array(24_289) },
				],
			},
			{},
			{ code: 'invalid-option', message: 'the secrets are of 524289 bytes together, more than 524288' },
		],
		[
			'many secrets',
			HELLO,
			{ secrets: Array.from({ length: 65 }, (_, id) => ({ id: String(id), value: 'SECRET' })) },
			{},
			{ code: 'invalid-option', message: '65 secrets are more than 64' },
		],
		[
			'a login that is no login',
			HELLO,
			{ logins: async () => [{ registry: 'docker.io', password: 'SECRET'.repeat(5_000) }] },
			{},
			{ code: 'invalid-option', message: expect.stringContaining('the login to docker.io cannot be used') },
		],
		[
			'a context root that is not there',
			HELLO,
			{},
			{ contextRoot: 'nowhere' },
			{ code: 'invalid-option', message: 'the context nowhere does not exist' },
		],
		[
			'a context root that is a file',
			HELLO,
			{},
			{ contextRoot: 'hello.def' },
			{ code: 'invalid-option', message: 'the context hello.def is not a directory' },
		],
	];

	test.each(cases)('%s', async (_name, text, input, options, expected) => {
		const world = await makeWorld();
		const { error, events } = await build(world, text, input, options);
		expect(error).toMatchObject({ ...expected, kind: 'usage' });
		expect(error?.hint ?? 'none').not.toContain('SECRET');
		expect(inspect([error, events], { depth: 9 })).not.toContain('SECRET');
		expect(world.queue.requests).toEqual([]);
	});
});

test('secrets and logins reach the builder and nobody else', async () => {
	const world = await makeWorld();
	const asked: (readonly string[])[] = [];
	const text =
		'Bootstrap: docker\nFrom: registry.example:5000/team/base:1\n\n%post\n    cat /run/secrets/token /run/secrets/key\n';
	const { handle, error, events, warnings } = await build(world, text, {
		secrets: [
			{ id: 'token', value: 'PLANTED-SECRET' },
			{ id: 'key', value: Buffer.from([0xff, 0x00]) },
		],
		logins: async (registries) => {
			asked.push(registries);
			return [
				{ registry: 'registry.example:5000/team', username: 'alice', password: 'PLANTED-PASSWORD' },
				{ registry: 'registry.example:5000/other', username: 'bob', password: 'not needed' },
				{ registry: 'registry.example', username: 'carol', password: 'not needed' },
			];
		},
	});
	expect(error).toBeUndefined();
	const result = await handle;
	expect(asked).toEqual([['registry.example:5000']]);
	expect(world.builder.request).toMatchObject({
		secrets: [
			{ id: 'token', value: Buffer.from('PLANTED-SECRET').toString('base64') },
			{ id: 'key', value: '/wA=' },
		],
		logins: [{ registry: 'registry.example:5000/team', username: 'alice', password: 'PLANTED-PASSWORD' }],
	});
	expect(warnings).toEqual([]);
	const planted = ['PLANTED-SECRET', Buffer.from('PLANTED-SECRET').toString('base64'), 'PLANTED-PASSWORD'];
	const seen = [
		JSON.stringify([events, result, world.queue.requests]),
		inspect([handle, events, result, world.client], { depth: 20, showHidden: true }),
	].join();
	for (const secret of planted) expect(seen).not.toContain(secret);
});

test.each([
	['amd64', ['amd64.example']],
	[undefined, ['amd64.example', 'arm64.example', 'ppc64le.example']],
] as const)('a base that is named by the architecture, which is %s', async (architecture, expected) => {
	const world = await makeWorld();
	let asked: readonly string[] = [];
	const logins = async (registries: readonly string[]) => {
		asked = registries;
		return registries.map((registry) => ({ registry, username: 'alice', password: 'x' }));
	};
	const text = 'FROM $TARGETARCH.example/base:1\n';
	const { error } = await build(world, text, { name: 'Dockerfile', image: 'a.sif', architecture, logins });
	expect(error).toBeUndefined();
	expect([...asked].sort()).toEqual(expected);
	expect(world.builder.request?.logins?.map(({ registry }) => registry).sort()).toEqual(expected);
});

test('secrets are not in the error of a build that fails', async () => {
	const world = await makeWorld();
	const { client, directory, builder } = world;
	builder.script = () => {
		builder.begin();
		builder.backendEnd(1);
		builder.end('failed', { code: 'build-failed', message: 'exit status 1', retryable: false });
	};
	const handle = client.build(
		{ definition: 'hello.def', image: 'a.sif', secrets: [{ id: 'token', value: 'PLANTED-SECRET' }] },
		{ directory },
	);
	const { events, error } = await collect(handle);
	expect(error?.code).toBe('build-failed');
	const seen =
		inspect([handle, events, error], { depth: 20, showHidden: true }) + JSON.stringify([events, error]);
	expect(seen).not.toContain('PLANTED-SECRET');
	expect(seen).not.toContain(Buffer.from('PLANTED-SECRET').toString('base64'));
});

test('warnings come behind build-start', async () => {
	const world = await makeWorld();
	const { events, warnings } = await build(
		world,
		'FROM scratch\nCOPY . /\nRUN --mount=type=secret,id=token true\n',
		{
			name: 'Dockerfile',
			image: 'app.sif',
			format: 'oci-archive',
			secrets: [{ id: 'tokn', value: 'x' }],
			context: emptyContext,
		},
		{ compression: 'gzip' },
	);
	expect(events[0]?.type).toBe('build-start');
	expect(warnings).toEqual([
		'Dockerfile: the secret tokn is not mentioned: there is token',
		'the name of the image says a SIF, but it becomes an OCI archive',
		'compression is chosen for a SIF only: that of an OCI archive stays as it is',
	]);
	expect(world.builder.request).toMatchObject({ kind: 'dockerfile', format: 'oci-archive' });
});

const emptyContext: BuildInput['context'] = {
	manifest: async () => ({ entries: [], size: 0, digest: '0'.repeat(64) }),
	archive: async function* () {},
};

test.each([
	['app.sif', 'sif'],
	['app.img', 'sif'],
	['app.SIMG', 'sif'],
	['app', 'sif'],
	['app.tar', 'oci-archive'],
	['app.oci.tar', 'oci-archive'],
] as const)('the name %s makes it a %s', async (image, format) => {
	const world = await makeWorld();
	const { error, warnings } = await build(world, 'FROM scratch\n', {
		name: 'Dockerfile',
		image,
		target: '0',
	});
	expect(error).toBeUndefined();
	expect(warnings).toEqual([]);
	expect(world.builder.request).toMatchObject({ format, target: '0' });
});

describe('where the context of a definition starts', () => {
	const paths = ({ builder }: World) => builder.manifest?.entries.map(({ path }) => path);

	test('a definition file: the working directory, or the root that is named', async () => {
		for (const [options, expected] of [
			[{}, ['a.txt']],
			[{ contextRoot: 'sub' }, ['a.txt']],
		] as const) {
			const world = await makeWorld();
			await mkdir(join(world.directory, 'sub'));
			await writeFile(join(world.directory, 'a.txt'), 'above');
			await writeFile(join(world.directory, 'sub/a.txt'), 'in the directory');
			const { error } = await build(world, `${HELLO}%files\n    a.txt\n`, { name: 'sub/app.def' }, options);
			expect(error).toBeUndefined();
			expect(paths(world)).toEqual(expected);
			expect(world.builder.archive.includes('in the directory')).toBe('contextRoot' in options);
		}
	});

	test('a Dockerfile: its own directory, or the root that is named', async () => {
		for (const [options, expected] of [
			[{}, ['b.txt']],
			[{ contextRoot: '.' }, ['a.txt', 'hello.def', 'sub', 'sub/b.txt']],
		] as const) {
			const world = await makeWorld();
			await mkdir(join(world.directory, 'sub'));
			await writeFile(join(world.directory, 'a.txt'), '');
			await writeFile(join(world.directory, 'sub/b.txt'), '');
			await writeFile(join(world.directory, 'app.sif'), 'an older image');
			await writeFile(join(world.directory, 'sub/Dockerfile.dockerignore'), '**/Dockerfile*\n');
			const { error } = await build(world, 'FROM scratch\nCOPY . /\n', { name: 'sub/Dockerfile' }, options);
			expect(error).toBeUndefined();
			expect(paths(world)).toEqual(expected);
		}
	});

	test('a limit', async () => {
		const world = await makeWorld();
		await writeFile(join(world.directory, 'a.txt'), 'x'.repeat(2_000));
		const { error } = await build(world, `${HELLO}%files\n    a.txt\n`, {}, { contextLimit: 1_000 });
		expect(error).toMatchObject({ code: 'size-limit' });
		expect(world.queue.requests).toEqual([]);
	});
});

describe('an agent that makes the machine its own architecture', () => {
	const DEBOOTSTRAP = 'Bootstrap: debootstrap\nOSVersion: trixie\nMirrorURL: http://mirror.example/debian\n';
	const statusOf = (...architectures: readonly ('amd64' | 'ppc64le')[]): QueueStatus => ({
		owner: 'test',
		version: '1.0.0',
		state: 'open',
		pools: architectures.map((architecture) => ({
			name: architecture,
			provider: 'fake',
			architecture,
			max: 1,
			reserve: 0,
		})),
		builders: [],
		waiting: [],
	});

	test('is refused where the queue has none of that architecture', async () => {
		const world = await makeWorld();
		world.queue.status = async () => statusOf('amd64');
		const { error } = await build(world, DEBOOTSTRAP, { architecture: 'ppc64le' });
		expect(error).toMatchObject({
			code: 'invalid-definition',
			message: expect.stringMatching(/^app\.def:1:\d+: debootstrap makes images .* of this queue are amd64$/),
		});
		expect(world.queue.requests).toEqual([]);
	});

	test('is taken where it has, and nobody is asked without need', async () => {
		const world = await makeWorld({ builders: 3 });
		let asked = 0;
		world.queue.status = async () => {
			asked++;
			return statusOf('amd64', 'ppc64le');
		};
		expect((await build(world, DEBOOTSTRAP, { architecture: 'ppc64le' })).error).toBeUndefined();
		expect(asked).toBe(1);
		const [, second, third] = world.builders;
		if (second === undefined || third === undefined) throw new TypeError('too few builders');
		expect((await build({ ...world, builder: second }, DEBOOTSTRAP)).error).toBeUndefined();
		expect(
			(await build({ ...world, builder: third }, HELLO, { architecture: 'ppc64le' })).error,
		).toBeUndefined();
		expect(asked).toBe(1);
	});
});

test('the bases that the builder found', async () => {
	const { builder, client, directory } = await makeWorld();
	const bases = [{ reference: 'docker.io/library/debian:trixie', digest: `sha256:${'a'.repeat(64)}` }];
	builder.script = () => {
		builder.emit({ type: 'bases', bases });
		builder.emit({ type: 'bases', bases: [] });
		return builder.succeed(Buffer.from('image'));
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const { events } = await collect(build);
	expect(events.filter(({ type }) => type === 'bases')).toMatchObject([{ bases }]);
	expect((await build).bases).toEqual(bases);
});

test('limits are told once each, however often the builder says so', async () => {
	const { builder, client, directory } = await makeWorld();
	const limits = { outputBytes: 1000, deadlineMs: 60_000 };
	const near = { limit: 'output', used: 800, of: 1000 } as const;
	builder.script = () => {
		for (let repeat = 0; repeat < 3; repeat++) {
			builder.emit({ type: 'limits', ...limits });
			builder.emit({ type: 'limit-near', ...near });
		}
		return builder.succeed(Buffer.from('image'));
	};
	const build = client.build({ definition: 'hello.def', image: 'hello.sif' }, { directory });
	const { events } = await collect(build);
	const told = events.filter(({ type }) => type === 'limits' || type === 'limit-near');
	expect(told).toMatchObject([limits, near]);
});
