import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDefinition } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

/** What is said of a Dockerfile with these lines. */
async function problemsOf(
	lines: string,
	files: readonly string[],
	options: { ignored?: string; secretIds?: readonly string[]; link?: readonly [string, string] } = {},
): Promise<readonly string[]> {
	const directory = await temporaryDirectory();
	for (const path of files) {
		await mkdir(join(directory, path, '..'), { recursive: true });
		await writeFile(join(directory, path), '');
	}
	if (options.link) await symlink(options.link[1], join(directory, options.link[0]));
	if (options.ignored) await writeFile(join(directory, '.dockerignore'), options.ignored);
	await writeFile(join(directory, 'Dockerfile'), `FROM registry.example/a:1\n${lines}\n`);
	const { problems } = await checkDefinition('Dockerfile', { directory, secretIds: options.secretIds });
	return problems.map(({ severity, message, position }) => {
		const text = message.replace(directory, 'DIRECTORY');
		return `${severity} ${position?.line}:${position?.column} ${text}`;
	});
}

test.each([
	'COPY a.txt /',
	'COPY ./a.txt dir /x/',
	'COPY /a.txt /',
	'COPY dir/ /',
	'COPY . /',
	'COPY ./ /',
	'COPY / /',
	'COPY ../a.txt /',
	'COPY dir/../a.txt /',
	'COPY *.txt /',
	'COPY dir/?.tx[a-t] /',
	'COPY ["a.txt", "with space.txt", "/"]',
	'COPY "with space.txt" /x/',
	'COPY ba{r}.txt /',
	'ADD a.txt https://example.org/x /y/',
	'COPY --from=registry.example/b:1 /nowhere /',
	'COPY $UNKNOWN /',
	'ARG NAME=nowhere\nCOPY $NAME /',
	'COPY link/nowhere /',
	'COPY <<E /a\nnowhere\nE',
])('%s: all is there', async (line) => {
	const files = ['a.txt', 'dir/b.txt', 'with space.txt', 'ba{r}.txt'];
	expect(await problemsOf(line, files, { link: ['link', 'dir'] })).toEqual([]);
});

test.each([
	['COPY nowhere /', 'error 2:6 there is no nowhere in DIRECTORY'],
	['COPY --chmod=644 a.txt dir/nowhere /x/', 'error 2:24 there is no dir/nowhere in DIRECTORY'],
	['COPY ["a.txt", "no where", "/"]', 'error 2:17 there is no no where in DIRECTORY'],
	['ADD *.tar /', 'error 2:5 there is no *.tar in DIRECTORY'],
	['COPY dir/*.tar /', 'error 2:6 there is no dir/*.tar in DIRECTORY'],
	[
		'COPY ../../etc/passwd /',
		'error 2:6 ../../etc/passwd lies outside of the context: name a directory above both with --context',
	],
	['COPY ignored.log /', 'error 2:6 ignored.log is excluded by .dockerignore'],
	['COPY dir/kept.log ignored/deep /', 'error 2:19 ignored/deep is excluded by .dockerignore'],
])('%s: %s', async (line, problem) => {
	const files = ['a.txt', 'dir/b.txt', 'dir/kept.log', 'ignored.log', 'ignored/deep'];
	const ignored = '*.log\nignored\n!dir/kept.log\n';
	expect(await problemsOf(line, files, { ignored })).toEqual([problem]);
});

test('in a stage that is not built nothing is missing', async () => {
	expect(await problemsOf('COPY nowhere /\nFROM registry.example/b:1', [])).toEqual([]);
});

test('a secret that is required must be given', async () => {
	const line = 'RUN --mount=type=secret,id=token,required=true --mount=type=secret,id=other true';
	expect(await problemsOf(line, [])).toEqual([
		'error 2:13 the secret token is needed: give --secret id=token,src=FILE, or env=VARIABLE',
	]);
	expect(await problemsOf(line, [], { secretIds: ['token'] })).toEqual([]);
});
