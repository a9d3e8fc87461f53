import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { definitionContext, parseDefinition } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../fixtures/scripted-builder.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

async function tree(...paths: string[]): Promise<string> {
	const root = await temporaryDirectory();
	for (const path of paths) {
		await mkdir(dirname(join(root, path)), { recursive: true });
		await writeFile(join(root, path), path);
	}
	return root;
}

function contextOf(text: string, directory: string, definitionDirectory?: string) {
	const { definition, problems } = parseDefinition(text);
	expect(problems).toEqual([]);
	return definitionContext({ definition, directory, fileName: 'x.def', definitionDirectory });
}

async function filesOf(text: string, directory: string): Promise<readonly string[]> {
	const manifest = await contextOf(text, directory)?.manifest();
	return (manifest?.entries ?? []).filter(({ type }) => type === 'file').map(({ path }) => path);
}

const files = (...lines: string[]): string =>
	`Bootstrap: scratch\n%files\n${lines.map((line) => `    ${line}\n`).join('')}`;

test('a definition without local files has no context', async () => {
	expect(contextOf('Bootstrap: docker\nFrom: debian\n%post\n  true\n', '/')).toBeUndefined();
});

test('files, directories, wildcards, quotes, apps and bases, in every stage', async () => {
	const root = await tree(
		'a.txt',
		'b c.txt',
		'dir/one',
		'dir/sub/two',
		'lib.so.1',
		'lib.so.2',
		'base.sif',
		'app.sh',
		'x.tar',
		'unused',
	);
	const text = `Bootstrap: localimage
From: ./base.sif
Stage: build

%files
    a.txt /a.txt
    "b c.txt" "/b c.txt"
    dir/ /opt

Bootstrap: oci-archive
From: x.tar:latest

%files from build
    /etc/hosts /hosts
    missing
%files
    lib.so.* /usr/lib/   # a comment
%appfiles tool
    app.sh bin/app.sh
`;
	expect(await filesOf(text, root)).toEqual([
		'a.txt',
		'app.sh',
		'b c.txt',
		'base.sif',
		'dir/one',
		'dir/sub/two',
		'lib.so.1',
		'lib.so.2',
		'x.tar',
	]);
});

test('links are followed, as cp -L does', async () => {
	const root = await tree('real/file', 'real/deep/other');
	const outside = await tree('elsewhere');
	await mkdir(join(root, 'dir'));
	await symlink('../real/file', join(root, 'dir/inside'));
	await symlink(join(outside, 'elsewhere'), join(root, 'dir/outside'));
	await symlink('../real/deep', join(root, 'dir/deep'));
	const manifest = await contextOf(files('dir'), root)?.manifest();
	expect(manifest?.entries.map(({ path, type }) => [path, type])).toEqual([
		['dir', 'directory'],
		['dir/deep', 'directory'],
		['dir/deep/other', 'file'],
		['dir/inside', 'file'],
		['dir/outside', 'file'],
	]);
	expect(manifest?.entries.at(-1)).toMatchObject(digestOf(Buffer.from('elsewhere')));
});

test('a link to a device is refused', async () => {
	const root = await tree('dir/file');
	await symlink('/dev/null', join(root, 'dir/null'));
	await expect(contextOf(files('dir'), root)?.manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: 'x.def: dir/null is neither a file nor a directory nor a link (a device): it cannot be sent',
	});
});

test('a link to a directory above is refused', async () => {
	const root = await tree('dir/file');
	await symlink('..', join(root, 'dir/loop'));
	await expect(contextOf(files('dir'), root)?.manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: expect.stringMatching(/^x\.def: dir\/loop.* is a link to a directory that it lies in$/),
	});
});

describe('what is missing', () => {
	test('is named with its line, all of it at once', async () => {
		const root = await tree('there.txt');
		await symlink('nowhere', join(root, 'dangling'));
		const making = contextOf(files('there.txt', 'gone.txt', '*.none', 'dangling'), root)?.manifest();
		await expect(making).rejects.toMatchObject({
			code: 'source-missing',
			exitCode: 2,
			message: [
				`x.def:4:5: there is no gone.txt in ${root}`,
				`x.def:5:5: nothing in ${root} matches *.none`,
				'x.def:6:5: dangling is a symbolic link to something that does not exist',
			].join('\n'),
		});
	});

	test('and lies beside the definition instead: the hint says so', async () => {
		const root = await tree('recipes/data.txt');
		const making = contextOf(files('data.txt'), root, join(root, 'recipes'))?.manifest();
		await expect(making).rejects.toMatchObject({
			code: 'source-missing',
			hint: expect.stringContaining('data.txt lies beside the definition: run this from recipes.'),
		});
	});

	test('a dangling link inside a directory', async () => {
		const root = await tree('dir/file');
		await symlink('nowhere', join(root, 'dir/dangling'));
		await expect(contextOf(files('dir'), root)?.manifest()).rejects.toMatchObject({
			code: 'source-missing',
			message: 'x.def: dir/dangling does not exist',
		});
	});
});

test('what leaves the directory is refused with advice', async () => {
	const root = await tree('sub/file');
	const making = contextOf(files('/etc/hosts', '../up', `${root}/sub/file`), root)?.manifest();
	await expect(making).rejects.toMatchObject({
		code: 'invalid-definition',
		exitCode: 2,
		message: expect.stringMatching(
			/^x\.def:3:5: \/etc\/hosts is not .*copy it there.*\nx\.def:4:5: \.\.\/up is not .*\nx\.def:5:5: .*: write sub\/file, since/,
		),
	});
});

test('a directory as a base is refused: its owners would be lost', async () => {
	const root = await tree('box/etc/passwd');
	await expect(contextOf('Bootstrap: localimage\nFrom: box\n', root)?.manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: expect.stringMatching(/^x\.def:2:7: box is a directory/),
	});
});

test('wildcards match what they match in a shell', async () => {
	const names = [
		'a',
		'ab',
		'abc',
		'.a',
		'b[1]',
		'b1',
		'x(1).txt',
		'x{a,b}',
		'xa',
		'!n',
		'n+',
		'@m',
		'd/a',
		'd/.h',
		'e/a',
	];
	const root = await tree(...names);
	const expandedByShell = (pattern: string): readonly string[] =>
		execFileSync('sh', ['-c', `for n in ${pattern} ; do [ -e "$n" ] && printf '%s\\n' "$n"; done; true`], {
			cwd: root,
			encoding: 'utf8',
		})
			.split('\n')
			.filter((line) => line !== '');
	const patterns = fc
		.array(
			fc.constantFrom(
				'a',
				'b',
				'c',
				'x',
				'd',
				'*',
				'?',
				'[ab]',
				'[!a]',
				'[0-9]',
				'/',
				'.',
				'!',
				'+',
				'@',
				'{',
				'}',
				',',
				'1',
				'.txt',
			),
			{
				minLength: 1,
				maxLength: 5,
			},
		)
		.map((parts) => parts.join(''))
		.filter((pattern) => /[*?[]/.test(pattern) && !/^\/|\/$|\/\/|(^|\/)\.{1,2}([/*?[]|$)/.test(pattern));
	await fc.assert(
		fc.asyncProperty(patterns, async (pattern) => {
			const matched = expandedByShell(pattern);
			const expected = new Set(
				matched.flatMap((path) => names.filter((name) => name === path || name.startsWith(`${path}/`))),
			);
			const found = matched.length === 0 ? [] : await filesOf(files(pattern), root);
			expect([...found].sort()).toEqual([...expected].sort());
			if (matched.length === 0) {
				await expect(contextOf(files(pattern), root)?.manifest()).rejects.toMatchObject({
					code: 'source-missing',
				});
			}
		}),
		{ numRuns: 150 },
	);
});
