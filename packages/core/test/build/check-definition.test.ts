import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckOptions, checkDefinition } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

async function check(files: Readonly<Record<string, string>>, name: string, options: CheckOptions = {}) {
	const directory = await temporaryDirectory();
	for (const [path, text] of Object.entries(files)) {
		await mkdir(join(directory, path, '..'), { recursive: true });
		await writeFile(join(directory, path), text);
	}
	return await checkDefinition(name, { directory, ...options });
}

test('a definition file in order', async () => {
	const text =
		'Bootstrap: docker\nFrom: registry.example/team/{{ NAME }}:1\n\n%files\n    data /data\n\n' +
		'%post\n    cat /run/secrets/token\n\n%arguments\n    NAME=base\n';
	const files = { 'app.def': text, 'data/one.txt': 'four', 'data/two.txt': 'sixsix', 'unused.txt': 'x' };
	const report = await check(files, 'app.def', {
		secretIds: ['token'],
		logins: async () => [{ registry: 'registry.example', username: 'alice', password: 'SECRET' }],
	});
	expect(report).toEqual({
		fileName: 'app.def',
		kind: 'apptainer',
		problems: [],
		bases: [
			{
				reference: 'registry.example/team/base:1',
				registry: 'registry.example',
				transport: 'docker',
				login: true,
			},
		],
		secrets: ['token'],
		context: { entries: 3, size: 10 },
	});
});

test('all that is wrong, in the order of the text', async () => {
	const text =
		'Bootstrap: docker\nFrom: debian:trixie\n\n%files\n    missing.txt /\n    gone.txt /\n\n%pots\n    true\n';
	const report = await check({ 'app.def': text }, 'app.def', { secretIds: ['token'] });
	expect(report.problems.map(({ severity, position }) => [severity, position?.line])).toEqual([
		['error', 5],
		['error', 6],
		['error', 8],
		['warning', undefined],
	]);
	expect(report.problems[0]?.message).toMatch(/^there is no missing\.txt in \//);
	expect(report.problems[1]?.hint).toContain('Paths in a definition start from the working directory');
	expect(report.problems[3]?.message).toBe('the secret token is not mentioned');
	expect(report.context).toBeUndefined();
	expect(report.bases).toEqual([
		{
			reference: 'docker.io/library/debian:trixie',
			registry: 'docker.io',
			transport: 'docker',
			login: false,
		},
	]);
});

test('a Dockerfile', async () => {
	const files = {
		Dockerfile: 'FROM scratch\nCOPY . /\n',
		'.dockerignore': '*.log\nDockerfile\n.dockerignore\n',
		'a.txt': 'abc',
		'b.log': 'not sent',
	};
	expect(await check(files, 'Dockerfile')).toEqual({
		fileName: 'Dockerfile',
		kind: 'dockerfile',
		problems: [],
		bases: [],
		secrets: [],
		context: { entries: 1, size: 3 },
	});
	const tooLarge = await check(files, 'Dockerfile', { contextLimit: 2 });
	expect(tooLarge.problems).toMatchObject([{ severity: 'error' }]);
	const broken = await check({ Dockerfile: 'FROM scratch\nCOPPY . /\n' }, 'Dockerfile');
	expect(broken.problems).toMatchObject([{ severity: 'error', position: { line: 2 } }]);
});

test('an agent that needs a machine of the architecture', async () => {
	const text = 'Bootstrap: debootstrap\nOSVersion: trixie\nMirrorURL: http://mirror.example/debian\n';
	expect((await check({ 'a.def': text }, 'a.def')).problems).toEqual([]);
	expect((await check({ 'a.def': text }, 'a.def', { architecture: 'ppc64le' })).problems).toEqual([
		{
			severity: 'warning',
			message:
				"debootstrap makes images of the machine's own architecture only: it needs a machine of ppc64le",
			position: { line: 1, column: 12 },
		},
	]);
});

test('what cannot be checked rejects', async () => {
	await expect(check({}, 'none.def')).rejects.toMatchObject({ code: 'source-missing' });
	await expect(check({ 'a.def': ' \n' }, 'a.def')).rejects.toMatchObject({ code: 'invalid-definition' });
	const hello = { 'a.def': 'Bootstrap: scratch\n' };
	await expect(check(hello, 'a.def', { target: 'x' })).rejects.toMatchObject({ code: 'invalid-option' });
	await expect(check(hello, 'a.def', { contextRoot: 'x' })).rejects.toMatchObject({ code: 'invalid-option' });
	await expect(check(hello, 'a.def', { signal: AbortSignal.abort() })).rejects.toMatchObject({
		code: 'canceled',
	});
});
