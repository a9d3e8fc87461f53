import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DockerfileContextOptions, dockerfileContext } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const PATHS = [
	'*.log',
	'.hidden',
	'A.TXT',
	'README-secret.md',
	'README.md',
	'a+b',
	'a.txt',
	'aab',
	'b',
	'c.txt',
	'constructor',
	'empty/',
	'link',
	'node_modules/',
	'node_modules/m/',
	'node_modules/m/index.js',
	'notes.md',
	'other/',
	'other/deep/',
	'other/deep/keep.txt',
	'other/o.txt',
	'sub/',
	'sub/deep/',
	'sub/deep/er/',
	'sub/deep/er/keep.txt',
	'sub/deep/keep.txt',
	'sub/deep/x.log',
	'sub/s.txt',
	'sub/temp2',
	'sub/x.log',
	'temp1',
	'x(1).txt',
	'x.log',
	'{c}',
	'ümlaut',
];

async function tree(paths: readonly string[] = PATHS): Promise<string> {
	const root = await temporaryDirectory();
	for (const path of paths) {
		await mkdir(join(root, path.endsWith('/') ? path : dirname(path)), { recursive: true });
		if (path === 'link') await symlink('a.txt', join(root, path));
		else if (!path.endsWith('/')) await writeFile(join(root, path), path);
	}
	return root;
}

async function sent(options: DockerfileContextOptions): Promise<readonly string[]> {
	const { entries } = await dockerfileContext(options).manifest();
	return entries.map(({ path, type }) => (type === 'directory' ? `${path}/` : path)).sort();
}

const below = (...starts: string[]): readonly string[] =>
	PATHS.filter((path) => starts.some((start) => path.startsWith(start)));
const all = (...but: string[]): readonly string[] => PATHS.filter((path) => !but.includes(path));

// What buildah 1.39 copies of the same tree with the same patterns, and Docker too; where they differ, what Docker does.
describe.each<[string, readonly string[], readonly string[]]>([
	['nothing', [], PATHS],
	['a name', ['node_modules'], all(...below('node_modules'))],
	['a name from the root', ['/b'], all('b')],
	['a directory with a slash', ['sub/'], all(...below('sub'))],
	['*', ['*.log'], all('*.log', 'x.log')],
	['* for a directory', ['*/temp*'], all('sub/temp2')],
	['?', ['?.txt'], all('a.txt', 'c.txt')],
	['[…]', ['[ab].txt'], all('a.txt')],
	['[^…]', ['[^ab].txt'], all('c.txt')],
	['** before', ['**/*.log'], all('*.log', 'x.log', 'sub/x.log', 'sub/deep/x.log')],
	['** between', ['sub/**/keep.txt'], all('sub/deep/keep.txt', 'sub/deep/er/keep.txt')],
	['** behind', ['sub/**'], all(...below('sub/').filter((path) => path !== 'sub/'))],
	['comments and blanks', ['# b', '', '  b  '], all('b')],
	['an exception', ['*.md', '!README.md'], all('README-secret.md', 'notes.md')],
	['the last one counts', ['*.md', '!README*.md', 'README-secret.md'], all('README-secret.md', 'notes.md')],
	['all but a file', ['*', '!sub/deep/keep.txt'], ['sub/', 'sub/deep/', 'sub/deep/keep.txt']],
	['all but a directory', ['*', '!sub'], below('sub')],
	[
		'all but a directory less a file',
		['*', '!sub', 'sub/deep/x.log'],
		below('sub').filter((path) => path !== 'sub/deep/x.log'),
	],
	['** but', ['**', '!a.txt', '!sub/deep'], ['a.txt', 'sub/', ...below('sub/deep')]],
	['wildcards in an exception', ['sub', '!sub/*.txt'], [...all(...below('sub')), 'sub/', 'sub/s.txt'].sort()],
	[
		'an exception anywhere',
		['*', '!**/keep.txt'],
		['other/', 'other/deep/', 'other/deep/keep.txt', 'sub/', 'sub/deep/', 'sub/deep/er/'].concat(
			'sub/deep/er/keep.txt',
			'sub/deep/keep.txt',
		),
	],
	[
		'an exception in any directory',
		['*', '!*/deep/keep.txt'],
		['other/', 'other/deep/', 'other/deep/keep.txt', 'sub/', 'sub/deep/', 'sub/deep/keep.txt'],
	],
	['characters without a meaning', ['a+b', 'x(1).txt', '{c}'], all('a+b', 'x(1).txt', '{c}')],
	['an escaped wildcard', ['\\*.log'], all('*.log')],
	['. and ..', ['./a.txt', 'sub/../b'], all('a.txt', 'b')],
	['case counts', ['A.TXT'], all('A.TXT')],
	['names of JavaScript', ['constructor'], all('constructor')],
	['an empty directory', ['empty'], all('empty/')],
	['a link', ['link'], all('link')],
	['letters beyond ASCII', ['ü*'], all('ümlaut')],
	['lines that end as on Windows, and a mark at the beginning', ['\uFEFFb\r', 'a.txt\r'], all('a.txt', 'b')],
	['*', ['*'], []],
])('%s', (_, lines, expected) => {
	test(`${lines.join(' ')}`, async () => {
		const root = await tree();
		const beside = await temporaryDirectory();
		await writeFile(join(beside, 'Dockerfile.dockerignore'), `${lines.join('\n')}\n`);
		expect(await sent({ root, dockerfile: join(beside, 'Dockerfile') })).toEqual([...expected].sort());
	});
});

test('the Dockerfile’s own ignore file comes first, then .containerignore, then .dockerignore', async () => {
	const root = await tree(['one', 'two', 'three', 'four', 'deploy/Dockerfile.gpu']);
	const dockerfile = join(root, 'deploy/Dockerfile.gpu');
	const left = async () =>
		(await sent({ root, dockerfile })).filter((path) => /^(one|two|three|four)$/.test(path)).join(' ');
	await writeFile(join(root, '.dockerignore'), 'one');
	expect(await left()).toBe('four three two');
	await writeFile(join(root, '.containerignore'), 'two');
	expect(await left()).toBe('four one three');
	await writeFile(join(root, 'deploy/Dockerfile.gpu.containerignore'), 'three');
	expect(await left()).toBe('four one two');
	await writeFile(join(root, 'deploy/Dockerfile.gpu.dockerignore'), 'four');
	expect(await left()).toBe('one three two');
	expect((await sent({ root })).includes('two')).toBe(false);
});

test('Dockerfile and ignore file are sent like any other', async () => {
	const root = await tree(['Dockerfile', 'a']);
	await writeFile(join(root, '.dockerignore'), '');
	expect(await sent({ root })).toEqual(['.dockerignore', 'Dockerfile', 'a']);
	await writeFile(join(root, '.dockerignore'), 'Dockerfile\n.dockerignore\n');
	expect(await sent({ root, dockerfile: join(root, 'Dockerfile') })).toEqual(['a']);
});

test('what is left out is not even looked at', async () => {
	const root = await tree(['keep/a', 'out/b', 'venv/bin/']);
	execFileSync('mkfifo', [join(root, 'out/pipe')]);
	await symlink('/usr/bin/python3', join(root, 'venv/bin/python'));
	await symlink('/etc', join(root, 'keep/etc'));
	await expect(sent({ root })).rejects.toMatchObject({ code: 'invalid-definition' });
	await writeFile(join(root, '.dockerignore'), 'out\nvenv\n**/etc\n!keep/a\n');
	expect(await sent({ root })).toEqual(['.dockerignore', 'keep/', 'keep/a']);
	// Here it must be walked through, for what may be wanted below.
	await writeFile(join(root, '.dockerignore'), '*\n!**/a\n');
	expect(await sent({ root })).toEqual(['keep/', 'keep/a']);
});

test('modes of directories are kept, also where only something below them is wanted', async () => {
	const root = await tree(['sub/deep/a', 'sub/b']);
	await chmod(join(root, 'sub'), 0o750);
	await writeFile(join(root, '.dockerignore'), '*\n!sub/deep\n');
	const { entries } = await dockerfileContext({ root }).manifest();
	expect(entries.map(({ path, mode }) => `${path} ${mode.toString(8)}`)).toEqual([
		'sub 750',
		'sub/deep 755',
		'sub/deep/a 644',
	]);
});

test('a hard link whose first name is left out is a file', async () => {
	const root = await tree(['a']);
	await link(join(root, 'a'), join(root, 'b'));
	await link(join(root, 'a'), join(root, 'c'));
	await writeFile(join(root, '.dockerignore'), 'a\n.dockerignore\n');
	const { entries } = await dockerfileContext({ root }).manifest();
	expect(entries.map(({ path, type, target }) => [path, type, target])).toEqual([
		['b', 'file', undefined],
		['c', 'link', 'b'],
	]);
});

test('further paths are left out, whatever the ignore file says', async () => {
	const root = await tree(['app.sif', 'out/old.sif', 'out/new.sif', '.git/HEAD']);
	await writeFile(join(root, '.dockerignore'), '!app.sif\n.dockerignore\n');
	expect(await sent({ root, except: ['app.sif', join(root, 'out/new.sif'), '.git'] })).toEqual([
		'out/',
		'out/old.sif',
	]);
});

test('the root may be a link; it must be a directory', async () => {
	const root = await tree(['real/a']);
	await symlink('real', join(root, 'current'));
	expect(await sent({ root: join(root, 'current') })).toEqual(['a']);
	await expect(sent({ root: join(root, 'real/a') })).rejects.toMatchObject({
		code: 'source-missing',
		message: expect.stringContaining('real/a is not a directory'),
	});
	await expect(sent({ root: join(root, 'none') })).rejects.toMatchObject({
		code: 'source-missing',
		message: expect.stringContaining('none does not exist'),
	});
});

test('what is no pattern is told with its line', async () => {
	const root = await tree(['a']);
	await writeFile(join(root, '.dockerignore'), 'fine\n[a-\n');
	await expect(sent({ root })).rejects.toMatchObject({
		code: 'invalid-definition',
		message: '.dockerignore:2:1: [a- is not a pattern',
	});
});

test('too much: the ignore file is named', async () => {
	const root = await tree(['a', 'bb']);
	await writeFile(join(root, '.containerignore'), '.*\n');
	await expect(dockerfileContext({ root, limit: 2 }).manifest()).rejects.toMatchObject({
		code: 'size-limit',
		hint: 'List what is not needed in .containerignore, or raise --context-limit.',
	});
	expect((await dockerfileContext({ root, limit: 3 }).manifest()).size).toBe(3);
});
