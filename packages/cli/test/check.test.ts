import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { containerBuilder } from '../src/commands/container-builder.js';
import { run } from './support/recorder.js';

const GOOD =
	'Bootstrap: docker\nFrom: registry.example/base:1\n\n%files\n    a.txt /\n\n%post\n    cat /run/secrets/token\n';

async function check(files: Readonly<Record<string, string>>, ...argv: readonly string[]) {
	const directory = mkdtempSync(join(tmpdir(), 'cli-check-'));
	onTestFinished(() => rm(directory, { recursive: true, force: true }));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
	const environment = { HOME: directory, PATH: process.env.PATH ?? '', token: 'PLANTED' };
	const result = await run(containerBuilder, ['--check', ...argv], { directory, environment });
	// What the tests compare must not depend on where they run.
	return { ...result, stdout: result.stdout.replaceAll(directory, '/work') };
}

test('a definition that is in order', async () => {
	const auth = { auths: { 'registry.example': { auth: Buffer.from('alice:PLANTED').toString('base64') } } };
	const files = { 'app.def': GOOD, 'a.txt': 'some text', 'auth.json': JSON.stringify(auth) };
	const plain = await check(files, '--authfile', 'auth.json', '--secret', 'id=token', 'app.def');
	expect(plain).toMatchObject({ status: 0, stderr: '' });
	expect(plain.stdout).toMatchInlineSnapshot(`
		"base: registry.example/base:1 (with your login)
		secret: token
		local files: 1 entry, 9 bytes
		app.def: Apptainer definition file, no problems
		"
	`);
	const json = await check(files, '--json', '--authfile=auth.json', '--secret', 'id=token', 'app.def');
	expect(JSON.parse(json.stdout)).toEqual({
		fileName: 'app.def',
		kind: 'apptainer',
		problems: [],
		bases: [
			{
				reference: 'registry.example/base:1',
				registry: 'registry.example',
				transport: 'docker',
				login: true,
			},
		],
		secrets: ['token'],
		context: { entries: 1, size: 9 },
	});
	expect(plain.stdout + plain.stderr + json.stdout).not.toContain('PLANTED');
});

test('what is wrong stands on stdout as a linter prints it, and the status is 2', async () => {
	const text =
		'Bootstrap: docker\nFrom: debian:{{ SUITE }}\n\n%files\n    none.txt /\n    gone/*.c /\n\n%pots\n    true\n';
	const { status, stdout, stderr } = await check({ 'app.def': text }, 'app.def');
	expect(status).toBe(2);
	expect(stderr).toBe('');
	expect(stdout).toMatchInlineSnapshot(`
		"app.def:2:14: error: the argument SUITE has no value: give --build-arg SUITE=VALUE, or a default in %arguments
		app.def:5:5: error: there is no none.txt in /work
		app.def:6:5: error: nothing in /work matches gone/*.c
		  hint: Paths in a definition start from the working directory, as with apptainer.
		app.def:8:1: error: there is no section %pots: did you mean %post?
		app.def: Apptainer definition file, 4 errors
		"
	`);
	const json = await check({ 'app.def': text }, '--json', 'app.def');
	expect(json.status).toBe(2);
	expect(JSON.parse(json.stdout).problems).toHaveLength(4);
});

test('warnings alone do no harm', async () => {
	const files = { 'app.def': GOOD, 'a.txt': '' };
	const { status, stdout } = await check(files, '--secret', 'id=other,env=token', 'app.def');
	expect(status).toBe(0);
	expect(stdout).toMatchInlineSnapshot(`
		"app.def: warning: the secret other is not mentioned: there is token
		base: registry.example/base:1
		secret: token
		local files: 1 entry, 0 bytes
		app.def: Apptainer definition file, 1 warning
		"
	`);
});

test('a Dockerfile', async () => {
	const text =
		'FROM docker.io/library/debian:12 AS build\nCOPY . /src\nFROM scratch\nCOPPY --from=build /src /src\nCOPY none.txt /\n';
	const { status, stdout } = await check({ Dockerfile: text }, 'Dockerfile');
	expect(status).toBe(2);
	expect(stdout.replace(/ in \/.*/, ' in DIRECTORY')).toMatchInlineSnapshot(`
		"Dockerfile:4:1: error: there is no instruction COPPY: did you mean COPY?
		Dockerfile:5:6: error: there is no none.txt in DIRECTORY
		Dockerfile: Dockerfile, 2 errors
		"
	`);
});

test.each([
	[['--check'], /missing required argument 'DEFINITION'/],
	[['--check', 'app.sif', 'app.def'], /too many arguments\. Expected 1 argument but got 2/],
	[['--check', 'none.def'], /the definition none\.def does not exist/],
	[['--check', '--secret', 'id=NOT_SET', 'app.def'], /there is no environment variable NOT_SET/],
	[['--check', '--authfile', 'none', 'app.def'], /the authfile .*none does not exist/],
	[['--check', '--backend', 'docker', 'app.def'], /buildah builds Dockerfiles/],
])('%j is a mistake of its own', async (argv, message) => {
	const { status, stdout, stderr } = await check({ 'app.def': GOOD }, ...argv.slice(1));
	expect(status).toBe(2);
	expect(stdout).toBe('');
	expect(stderr).toMatch(message);
	expect(stderr.match(/^error: /gm)).toHaveLength(1);
});
