import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loopbackIn, registriesText, writeRegistries } from '../../src/backends/registries.js';
import { job } from '../support/job.js';

describe('loopbackIn', () => {
	it.each<[string, string[]]>([
		['FROM 127.0.0.1:5000/team/base:1', ['127.0.0.1:5000']],
		['FROM localhost:5000/base', ['localhost:5000']],
		['FROM localhost/base', ['localhost']],
		['FROM 127.8.9.10/base@sha256:00', ['127.8.9.10']],
		['From: localhost:5000/base\r\nStage: x', ['localhost:5000']],
		['FROM docker://localhost:5000/base', ['localhost:5000']],
		['COPY --from=localhost:5000/tools /a /b', ['localhost:5000']],
		['RUN --mount=type=bind,from=localhost:5000/tools,target=/t true', ['localhost:5000']],
		['localhost:5000', ['localhost:5000']],
		['ARG REGISTRY=localhost:5000\nFROM $REGISTRY/base', ['localhost:5000']],
		['ARG REGISTRY="localhost:5000"\nFROM $REGISTRY/base', ['localhost:5000']],
		["ARG REGISTRY='127.0.0.1:5000' OTHER=1", ['127.0.0.1:5000']],
		[`FROM \${REGISTRY:-localhost:5000}/base`, ['localhost:5000']],
		['FROM localhost:1/a\nFROM localhost:2/b\nFROM localhost:1/c', ['localhost:1', 'localhost:2']],
	])('finds them in %j', (text, expected) => {
		expect(loopbackIn([text])).toEqual(expected);
	});

	it.each([
		'FROM mylocalhost.example/base',
		'FROM mylocalhost/base',
		'FROM my-localhost:5000/base',
		'FROM my.localhost:5000/base',
		'FROM localhost.example:5000/base',
		'FROM localhost-registry/base',
		'FROM 1127.0.0.1/base',
		'FROM 10.127.0.0.1/base',
		'FROM 127.0.0.1.example/base',
		'FROM 127.0.0/base',
		'FROM 128.0.0.1:5000/base',
		'FROM localhost:123456/base',
		'FROM registry.example/base:localhost-1',
	])('finds none in %j', (text) => {
		expect(loopbackIn([text])).toEqual([]);
	});

	it('tells each once, of all texts', () => {
		expect(loopbackIn(['FROM localhost/a', 'localhost', '127.0.0.1:1/b'])).toEqual([
			'localhost',
			'127.0.0.1:1',
		]);
	});
});

describe('registriesText', () => {
	it('is empty for nothing', () => {
		expect(registriesText([], [])).toBe('');
	});

	it('speaks to the loopback without TLS', () => {
		expect(registriesText([], ['localhost:5000'])).toBe(
			'[[registry]]\nlocation = "localhost:5000"\ninsecure = true\n',
		);
	});

	it.each([
		['registry.example/team/base', false],
		['registry.example/localhost/base', false],
		['registry.example:5000/127.0.0.1/base', false],
		['localhost:5000/base', true],
		['127.0.0.1/base', true],
	])('asks the mirror of %s first, then the registry itself (insecure: %s)', (prefix, insecure) => {
		expect(registriesText([{ prefix, location: `127.0.0.1:4321/${prefix}` }], [])).toBe(`[[registry]]
prefix = "${prefix}"
location = "${prefix}"
insecure = ${insecure}
[[registry.mirror]]
location = "127.0.0.1:4321/${prefix}"
insecure = true
`);
	});

	it('begins a table for each', () => {
		const text = registriesText([{ prefix: 'a.example/b', location: '127.0.0.1:1/b' }], ['localhost:5000']);
		expect(text.match(/^\[\[registry\]\]$/gm)).toHaveLength(2);
	});
});

describe('writeRegistries', () => {
	let home: string;
	beforeEach(async () => {
		home = await mkdtemp(join(tmpdir(), 'cb-registries-test-'));
	});
	afterEach(async () => {
		await rm(home, { recursive: true });
	});

	const written = () =>
		readFile(`${home}/.config/containers/registries.conf.d/90-container-builder.conf`, 'utf8');

	it('knows the loopback of the recipe and of its arguments', async () => {
		await writeFile(`${home}/recipe`, 'ARG REGISTRY\nFROM localhost:1/a\nFROM $REGISTRY/b\n');
		await writeRegistries(
			home,
			job({ definitionPath: `${home}/recipe`, arguments: { REGISTRY: '127.0.0.1:2' } }),
		);
		expect(await written()).toBe(registriesText([], ['localhost:1', '127.0.0.1:2']));
	});

	it('knows the mirrors', async () => {
		const mirrors = [{ prefix: 'registry.example/a', location: '127.0.0.1:1/a' }];
		await writeFile(`${home}/recipe`, 'FROM registry.example/a\n');
		await writeRegistries(home, job({ definitionPath: `${home}/recipe`, mirrors }));
		expect(await written()).toBe(registriesText(mirrors, []));
	});

	it('writes nothing where there is nothing to say', async () => {
		await writeFile(`${home}/recipe`, 'FROM docker.io/library/debian\n');
		await writeRegistries(home, job({ definitionPath: `${home}/recipe` }));
		expect(await readdir(home)).toEqual(['recipe']);
	});
});
