import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerBuilderError } from '@olcf/container-builder-core';
import { afterAll, describe, expect, test } from 'vitest';
import { readBackend } from '../src/commands/read-backend.js';
import { readBuildArguments } from '../src/commands/read-build-arguments.js';
import { readContext } from '../src/commands/read-context.js';
import { readSecrets } from '../src/commands/read-secrets.js';

const directory = mkdtempSync(join(tmpdir(), 'cli-readers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
writeFileSync(join(directory, 'token.txt'), 'from a file\n');
writeFileSync(join(directory, 'with,comma'), 'comma');
writeFileSync(join(directory, 'large'), Buffer.alloc(524_289));
writeFileSync(join(directory, 'one.env'), '# a comment\nA=one\nB = two words \n');
writeFileSync(join(directory, 'two.env'), 'B=second\nC=a=b\n');
writeFileSync(join(directory, 'bad.env'), 'A=1\nnonsense\n');
mkdirSync(join(directory, 'sub'));
const environment = { TOKEN: 'from the environment', token: 'lower', EMPTY: '' };
const surroundings = { environment, directory };

const failureOf = async (act: () => unknown): Promise<ContainerBuilderError> => {
	try {
		await act();
	} catch (error) {
		return error as ContainerBuilderError;
	}
	throw new Error('it was taken');
};

describe('--secret', () => {
	test.each([
		['id=a,src=token.txt', 'a', 'from a file\n'],
		['src=token.txt,id=a', 'a', 'from a file\n'],
		['id=a,source=token.txt,type=file', 'a', 'from a file\n'],
		['type=file,id=a,src=token.txt', 'a', 'from a file\n'],
		['id=a,"src=with,comma"', 'a', 'comma'],
		['id=a,env=TOKEN', 'a', 'from the environment'],
		['id=a,type=env,env=TOKEN', 'a', 'from the environment'],
		['id=a,type=env,src=TOKEN', 'a', 'from the environment'],
		['id=token', 'token', 'lower'],
		['id=a,env=EMPTY', 'a', ''],
		['ID=a,ENV=TOKEN', 'a', 'from the environment'],
	])('%s', async (text, id, value) => {
		const [secret] = await readSecrets([text], surroundings);
		expect(secret?.id).toBe(id);
		expect(Buffer.from(secret?.value ?? 'none').toString()).toBe(value);
	});

	test.each([
		['hunter2', '--secret is not understood'],
		['id=a,file=token.txt', '--secret is not understood'],
		['src=token.txt', '--secret has no id'],
		['', '--secret has no id'],
		['id=a,id=b', '--secret has id twice'],
		['id=a,src=token.txt,env=TOKEN', '--secret id=a names both a file and an environment variable'],
		['id=a,type=vault', '--secret id=a: there is no type vault'],
		['id=a,type=file', '--secret id=a is of type file, but names none'],
		['id=NOT_SET', '--secret id=NOT_SET: there is no environment variable NOT_SET'],
		['id=a,env=NOT_SET', '--secret id=a: there is no environment variable NOT_SET'],
		['id=a,src=none.txt', '--secret id=a: none.txt does not exist'],
		['id=a,src=sub', '--secret id=a: sub is a directory'],
		['id=a,src=large', '--secret id=a: large is larger than 512 KiB'],
	])('%j is refused', async (text, message) => {
		const error = await failureOf(() => readSecrets([text], surroundings));
		expect(error).toMatchObject({ code: 'invalid-option', message });
		expect(error.hint).toBeTruthy();
		expect(`${error.message}${error.hint}`).not.toContain('hunter2');
	});
});

describe('--build-arg and --build-arg-file', () => {
	test('what is nearer goes before', async () => {
		const options = {
			'build-arg': ['C=3', 'D=', 'C=4', 'TOKEN', 'UNSET'],
			'build-arg-file': ['one.env', 'two.env'],
		};
		expect(await readBuildArguments(options, surroundings)).toEqual({
			A: 'one',
			B: 'second',
			C: '4',
			D: '',
			TOKEN: 'from the environment',
		});
		expect(await readBuildArguments({}, surroundings)).toEqual({});
	});

	test.each([
		[{ 'build-arg': ['=x'] }, '--build-arg =x is not KEY=VALUE'],
		[{ 'build-arg': ['a-b=x'] }, '--build-arg a-b=x is not KEY=VALUE'],
		[{ 'build-arg-file': ['sub'] }, '--build-arg-file sub is a directory'],
		[{ 'build-arg-file': ['bad.env'] }, 'bad.env:2:1: "nonsense" is not NAME=VALUE'],
	])('%j is refused', async (options, message) => {
		const error = await failureOf(() => readBuildArguments(options, surroundings));
		expect(error).toMatchObject({ code: 'invalid-option', message });
	});
});

test('--backend knows the words of the original', async () => {
	expect(['apptainer', 'singularity', 'buildah', 'docker', undefined].map(readBackend)).toEqual([
		'apptainer',
		'apptainer',
		'buildah',
		'buildah',
		undefined,
	]);
	for (const name of ['podman', 'constructor', '']) {
		expect(await failureOf(() => readBackend(name))).toMatchObject({ code: 'invalid-option' });
	}
});

test('--context, --context-limit and --transfer-context', async () => {
	const where = { directory, image: 'large' };
	expect(await readContext({}, where)).toEqual({});
	expect(await readContext({ context: 'sub', 'context-limit': 5 }, where)).toEqual({
		contextRoot: 'sub',
		contextLimit: 5,
	});
	const all = await readContext({ 'transfer-context': true }, where);
	const manifest = await all.context?.manifest();
	expect(manifest?.entries.map(({ path }) => path)).toEqual([
		'bad.env',
		'one.env',
		'sub',
		'token.txt',
		'two.env',
		'with,comma',
	]);
	const both = await failureOf(() => readContext({ context: 'sub', 'transfer-context': true }, where));
	expect(both).toMatchObject({
		code: 'invalid-option',
		message: expect.stringContaining('exclude each other'),
	});
	const limited = await readContext({ 'transfer-context': true, 'context-limit': 10 }, where);
	expect(await failureOf(() => limited.context?.manifest())).toMatchObject({ code: 'size-limit' });
});
