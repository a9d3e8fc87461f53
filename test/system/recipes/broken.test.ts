import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxLayer } from '../../support/busybox.js';
import { type CommandResult, runCommand } from '../../support/command.js';
import { type LocalFiles, useRecipeQueue, writeFiles } from '../../support/recipe-queue.js';
import { scratchRecipe } from '../../support/recipes.js';
import { type Registry, startRegistry } from '../../support/registry.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** One sentence that starts with `error:`, its line, the status of its kind; no stack, no half of an image. */
function expectFailure(result: CommandResult, status: number, line: string | RegExp): void {
	const lines = result.stderr.split('\n');
	const found = lines.some((each) => (typeof line === 'string' ? each === line : line.test(each)));
	expect(found, `no line ${line} in:\n${result.stderr}`).toBe(true);
	expect(
		lines.filter((each) => each.startsWith('error: ')),
		result.stderr,
	).toHaveLength(1);
	expect(result.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
	expect(result.status, result.stderr).toBe(status);
}

interface BrokenRecipe {
	readonly name: string;
	/** Its one key that is `app.def` or `Dockerfile` is what is built. */
	readonly files: LocalFiles;
	readonly options?: readonly string[];
	/** Makes of the directory what files alone cannot. */
	readonly prepare?: (directory: string) => void;
	readonly status?: number;
	readonly line: string | RegExp;
}

const DOCKERFILE = 'FROM registry.example/base:1\n';

const beforeSending: readonly BrokenRecipe[] = [
	{
		name: 'an unknown section',
		files: { 'app.def': 'Bootstrap: scratch\n\n%pots\n    echo a\n' },
		line: /^(error: )?app\.def:3:1: .*%pots.*did you mean %post/,
	},
	{
		name: 'an unknown agent',
		files: { 'app.def': 'Bootstrap: dokcer\nFrom: debian:12\n' },
		line: /^(error: )?app\.def:1:12: there is no bootstrap agent dokcer: did you mean docker\?$/,
	},
	{
		name: 'a header without From',
		files: { 'app.def': 'Bootstrap: docker\n\n%post\n    true\n' },
		line: 'error: app.def:1:1: Bootstrap: docker needs a line From:',
	},
	{
		name: 'a header without MirrorURL',
		files: { 'app.def': 'Bootstrap: debootstrap\nOSVersion: bookworm\n' },
		line: 'error: app.def:1:1: Bootstrap: debootstrap needs a line MirrorURL:',
	},
	{
		name: 'an unset variable',
		files: { 'app.def': 'Bootstrap: docker\nFrom: debian:{{ VERSION }}\n' },
		line: /^error: app\.def:2:14: .*VERSION/,
	},
	{
		name: 'a %files source that does not exist',
		files: { 'app.def': scratchRecipe('%files\n    here.txt /a\n    nowhere.txt /b'), 'here.txt': '' },
		line: /^error: app\.def:\d+:5: .*nowhere\.txt/,
	},
	{
		name: 'a stage that is not defined',
		files: { 'app.def': scratchRecipe('%files from bulid\n    /out /out') },
		line: /^error: app\.def:\d+:\d+: .*bulid/,
	},
	{
		name: 'several mistakes at once',
		files: { 'app.def': 'Bootstrap: dokcer\nFrom: debian\n\n%pots\n    echo {{ UNSET }}\n' },
		line: /app\.def:4:1: .*%pots/,
	},
	{
		name: 'an unknown Dockerfile instruction',
		files: { Dockerfile: `${DOCKERFILE}RUM echo a\n` },
		line: /^error: Dockerfile:2:1: .*RUM/,
	},
	{
		name: 'a Dockerfile that begins without FROM',
		files: { Dockerfile: `RUN echo a\n${DOCKERFILE}` },
		options: ['--backend', 'buildah'],
		line: /^error: Dockerfile:1:1: .*FROM/,
	},
	{
		name: 'COPY of a file that does not exist',
		files: { Dockerfile: `${DOCKERFILE}COPY nowhere.txt /a\n` },
		line: /^error: Dockerfile:2:6: .*nowhere\.txt/,
	},
	{
		name: 'COPY of a file that the ignore file excludes',
		files: { Dockerfile: `${DOCKERFILE}COPY a.log /a\n`, 'a.log': '', '.dockerignore': '*.log\n' },
		line: /^error: Dockerfile:2:6: .*a\.log.*\.dockerignore/,
	},
	{
		name: 'an unknown --target',
		files: { Dockerfile: 'FROM registry.example/base:1 AS build\n' },
		options: ['--target', 'bulid'],
		line: /^error: .*bulid.*build/,
	},
	{
		name: 'COPY --from of a stage that comes later',
		files: { Dockerfile: `${DOCKERFILE}COPY --from=3 /a /a\n` },
		line: /^error: Dockerfile:2:\d+: .*3/,
	},
	{
		name: 'COPY that leaves the context',
		files: { Dockerfile: `${DOCKERFILE}COPY ../../etc/passwd /a\n` },
		line: /^error: Dockerfile:2:6: .*\.\.\/\.\.\/etc\/passwd/,
	},
	{
		name: '%files that leaves the root',
		files: { 'app.def': scratchRecipe('%files\n    ../secret.txt /a') },
		line: /^error: app\.def:\d+:5: .*\.\.\/secret\.txt/,
	},
	{
		name: 'a symbolic link out of the root',
		files: { Dockerfile: `${DOCKERFILE}COPY . /a\n` },
		prepare: (directory) => symlinkSync('/etc/passwd', join(directory, 'leak')),
		line: /^error: .*leak/,
	},
	{
		name: 'a named pipe in the context',
		files: { Dockerfile: `${DOCKERFILE}COPY . /a\n` },
		prepare: (directory) => void execFileSync('mkfifo', [join(directory, 'pipe')]),
		line: /^error: .*pipe/,
	},
	{
		name: 'a context over its limit',
		files: { Dockerfile: `${DOCKERFILE}COPY . /a\n`, big: 'x'.repeat(5000) },
		options: ['--context-limit', '4KiB'],
		status: 5,
		line: /^error: .*4(\.0)? KiB/,
	},
	{
		name: '--secret that is not understood; it is not repeated',
		files: { 'app.def': scratchRecipe('') },
		options: ['--secret', 'hunter2'],
		line: 'error: --secret is not understood',
	},
	{
		name: 'a secret whose file is missing',
		files: { 'app.def': scratchRecipe('') },
		options: ['--secret', 'id=token,src=nowhere'],
		line: 'error: --secret id=token: nowhere does not exist',
	},
	{
		name: 'a secret whose variable is not set',
		files: { 'app.def': scratchRecipe('') },
		options: ['--secret', 'id=token,env=NOWHERE'],
		line: 'error: --secret id=token: there is no environment variable NOWHERE',
	},
	{
		name: 'a secret that the recipe needs and nobody gave',
		files: { Dockerfile: `${DOCKERFILE}RUN --mount=type=secret,id=token,required=true true\n` },
		line: /^error: Dockerfile:2:\d+: .*token/,
	},
	{
		name: 'an OCI archive from a definition file',
		files: { 'app.def': scratchRecipe('') },
		options: ['--format', 'oci-archive'],
		line: /^error: .*(OCI archive|oci-archive)/,
	},
	{
		name: 'a Dockerfile for apptainer',
		files: { Dockerfile: DOCKERFILE },
		options: ['--backend', 'apptainer'],
		line: /^error: .*Dockerfile/,
	},
	{
		name: 'an image that exists',
		files: { 'app.def': scratchRecipe(''), 'app.sif': 'mine' },
		line: /app\.sif : file already exists\. Add --force flag to override/,
	},
	{
		name: 'a file of arguments that is none',
		files: { 'app.def': scratchRecipe(''), 'values.txt': 'KEY=1\nno value\n' },
		options: ['--build-arg-file', 'values.txt'],
		line: /^error: values\.txt:2:1: /,
	},
	{
		name: 'an authfile that is none',
		files: { 'app.def': 'Bootstrap: docker\nFrom: registry.example/base:1\n', 'auth.json': 'no JSON' },
		options: ['--authfile', 'auth.json'],
		line: /^error: .*auth\.json/,
	},
];

describe('recipes with a mistake: told before anything is sent', () => {
	const place = temporaryDirectory();
	let directories = 0;

	for (const { name, files, options = [], prepare, status = 2, line } of beforeSending) {
		it(name, async () => {
			directories++;
			const directory = join(place.path, String(directories));
			writeFiles(directory, files);
			prepare?.(directory);
			const definition = 'Dockerfile' in files ? 'Dockerfile' : 'app.def';
			// Nobody listens there: who asked the queue would end with 3.
			const queue = `ws+unix://${directory}/nobody.sock`;
			const result = await runCommand(
				'container-builder',
				['--queue', queue, ...options, 'app.sif', definition],
				{ cwd: directory },
			);
			expectFailure(result, status, line);
			expect(result.stderr).not.toContain('nobody.sock');
			expect(`${result.stdout}${result.stderr}`).not.toContain('hunter2');
			const images = readdirSync(directory).filter((each) => each.startsWith('app.sif'));
			expect(images).toEqual('app.sif' in files ? ['app.sif'] : []);
		});
	}

	it('--check tells them too, like a linter, and exits with 2', async () => {
		const directory = join(place.path, 'check');
		writeFiles(directory, {
			'app.def': 'Bootstrap: dokcer\nFrom: debian:12\n\n%files\n    nowhere.txt\n\n%pots\n',
		});
		const result = await runCommand('container-builder', ['--check', 'app.def'], { cwd: directory });
		expect(result.status, result.stderr).toBe(2);
		expect(result.stdout).toMatch(/^app\.def:1:12: error: there is no bootstrap agent dokcer/m);
		expect(result.stdout).toMatch(/^app\.def:7:1: error: .*%pots/m);
	});
});

describe('recipes that fail on the builder', () => {
	const place = temporaryDirectory();
	let registry: Registry;
	let closed: Registry;
	beforeAll(async () => {
		const layer = join(place.path, 'busybox.tar');
		await busyboxLayer(layer);
		registry = await startRegistry();
		await registry.push('busybox', '1', layer);
		closed = await startRegistry({ user: { name: 'someone', password: 'a password' } });
		await closed.push('busybox', '1', layer);
	});
	afterAll(async () => {
		await registry.close();
		await closed.close();
	});
	const recipes = useRecipeQueue('broken', { ports: () => [registry.port, closed.port] });
	const build = (files: LocalFiles, ...options: string[]): Promise<CommandResult> =>
		recipes.start(recipes.directory(files), [
			...options,
			'app.sif',
			'Dockerfile' in files ? 'Dockerfile' : 'app.def',
		]).ended;

	it('debootstrap for an architecture that no machine of the queue has: told before a builder is asked for', async () => {
		const definition =
			'Bootstrap: debootstrap\nOSVersion: bookworm\nMirrorURL: http://mirror.example/debian\n';
		const result = await build({ 'app.def': definition }, '--arch', 'arm64');
		expectFailure(result, 2, /^error: app\.def:1:12: .*debootstrap.*arm64/);
		expect(result.stderr).not.toContain('Requesting remote builder');
	});

	it('%post that fails: 1, its status and the last lines', async () => {
		const result = await build({ 'app.def': scratchRecipe('%post\n    echo before; sh -c "exit 7"') });
		expectFailure(result, 1, /^error: apptainer ended with exit status 255$/);
		expect(result.stderr).toMatch(/before[\s\S]*exit status 7/);
	});

	it('RUN that fails: 1, its status and the last lines', async () => {
		const dockerfile = `FROM ${registry.host}/busybox:1\nRUN echo before && exit 7\n`;
		const result = await build({ Dockerfile: dockerfile });
		expectFailure(result, 1, /^error: buildah ended with exit status 7$/);
		expect(result.stderr).toMatch(/before/);
		expect(result.stderr).toMatch(/exit status 7/);
	});

	it('%test that fails: no image', async () => {
		const result = await build({ 'app.def': scratchRecipe('%test\n    test -e /nowhere') });
		expectFailure(result, 1, /^error: apptainer ended with exit status 255$/);
	});

	for (const kind of ['app.def', 'Dockerfile'] as const) {
		const recipe = (reference: string): LocalFiles =>
			kind === 'Dockerfile'
				? { Dockerfile: `FROM ${reference}\n` }
				: { 'app.def': `Bootstrap: docker\nFrom: ${reference}\n` };

		it(`${kind}: a base that does not exist`, async () => {
			const result = await build(recipe(`${registry.host}/busybox:none`));
			expectFailure(result, 1, /^error: /);
			expect(result.stderr).toMatch(/busybox:none|manifest unknown/);
		});

		it(`${kind}: a private base without a login: 1, and what to do`, async () => {
			const result = await build(recipe(`${closed.host}/busybox:1`));
			expectFailure(result, 1, /^hint: .*(--authfile|log ?in)/i);
		});

		it(`${kind}: a private base with a wrong login: 1, and what to do`, async () => {
			const auth = Buffer.from('someone:wrong').toString('base64');
			const result = await build(
				{
					...recipe(`${closed.host}/busybox:1`),
					'auth.json': JSON.stringify({ auths: { [closed.host]: { auth } } }),
				},
				...['--authfile', 'auth.json'],
			);
			expectFailure(result, 1, /^hint: .*(--authfile|log ?in)/i);
			expect(`${result.stdout}${result.stderr}`).not.toContain(auth);
		});
	}
});
