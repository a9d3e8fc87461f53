import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { mmdebstrapArguments } from '../../src/image/mmdebstrap-arguments.js';
import { baseId, baseRecipe, packageNames, recipeId } from '../../src/image/recipe.js';

const run = promisify(execFile);
const recipe = baseRecipe('trixie', 'amd64');

describe('the ids', () => {
	it('of a recipe change with everything in it', () => {
		const ids = [
			recipe,
			{ ...recipe, version: recipe.version + 1 },
			baseRecipe('trixie', 'arm64'),
			{ ...recipe, packages: recipe.packages.slice(1) },
			{ ...recipe, preferences: '' },
			{ ...recipe, hooks: recipe.hooks.slice(1) },
			{ ...recipe, dpkgOptions: [] },
		].map(recipeId);
		expect(new Set(ids).size).toBe(ids.length);
		expect(recipeId(baseRecipe('trixie', 'amd64'))).toBe(ids[0]);
	});

	it('of a base change with a version, a package, the recipe, the brought package; not with their order', () => {
		const id = baseId('r', undefined, { a: '1', b: '2' });
		expect(id).toMatch(/^[0-9a-f]{64}$/);
		expect(baseId('r', undefined, { b: '2', a: '1' })).toBe(id);
		const others = [
			baseId('r', undefined, { a: '1', b: '3' }),
			baseId('r', undefined, { a: '1' }),
			baseId('s', undefined, { a: '1', b: '2' }),
			baseId('r', 'd', { a: '1', b: '2' }),
		];
		expect(new Set([id, ...others]).size).toBe(5);
	});
});

describe('the hooks', () => {
	let tree = '';
	afterEach(() => rm(tree, { recursive: true, force: true }));

	it('leave the tree as builders expect it', async () => {
		tree = await mkdtemp(join(tmpdir(), 'recipe-'));
		for (const path of ['usr/bin', 'etc/apt/sources.list.d', 'etc/apt/preferences.d', 'etc/apt/apt.conf.d']) {
			await mkdir(join(tree, path), { recursive: true });
		}
		await writeFile(join(tree, 'usr/bin/apptainer'), '');
		await chmod(join(tree, 'usr/bin/apptainer'), 0o755);
		await writeFile(
			join(tree, 'etc/apt/sources.list'),
			'deb http://user:password@mirror.example/debian trixie main',
		);
		await writeFile(join(tree, 'etc/apt/preferences.d/base'), recipe.preferences);
		await writeFile(join(tree, 'etc/resolv.conf'), 'nameserver 192.0.2.1');
		// Only the commands of the tree itself cannot be run here.
		for (const hook of recipe.hooks.filter((line) => !line.startsWith('chroot '))) {
			await run('sh', ['-c', hook, 'exec', tree]);
		}
		const read = (path: string) => readFile(join(tree, path), 'utf8');
		expect(await read('etc/subuid')).toBe('builder:65536:65536\n');
		expect(await read('etc/subgid')).toBe('builder:65536:65536\n');
		expect(await read('etc/hostname')).toBe('builder\n');
		expect(await read('etc/resolv.conf')).toBe('');
		expect(await read('etc/containers/storage.conf')).toContain('driver = "vfs"');
		expect(await readdir(join(tree, 'etc/apt'))).not.toContain('sources.list');
		expect(await readdir(join(tree, 'etc/apt/preferences.d'))).toEqual([]);
	});

	it('fail where apptainer is not installed', async () => {
		tree = await mkdtemp(join(tmpdir(), 'recipe-'));
		await expect(run('sh', ['-c', recipe.hooks[0] ?? '', 'exec', tree])).rejects.toThrow();
	});
});

describe('the command line of mmdebstrap', () => {
	const input = {
		mode: 'root',
		recipe,
		resolution: {
			sources: ['deb [signed-by=/k] http://mirror.example/debian trixie main'],
			lists: '/w/lists',
		},
		apptainerDeb: undefined,
		proxies: ['Acquire::http::Proxy "http://proxy.example:3128"'],
		status: '/w/status',
	} as const;

	it('installs apptainer from the mirror, writes to the standard output, reads the sources that were resolved', () => {
		const line = mmdebstrapArguments(input);
		expect(line.find((one) => one.startsWith('--include='))?.split(/[=,]/)).toContain('apptainer');
		expect(line.slice(-3)).toEqual(['trixie', '-', ...input.resolution.sources]);
		expect(line).toContain('--aptopt=Acquire::http::Proxy "http://proxy.example:3128"');
		expect(line.filter((one) => one.includes('apptainer.deb'))).toEqual([]);
	});

	it('installs a package that was brought, before the hooks of the recipe, and not the one of the mirror', () => {
		const line = mmdebstrapArguments({ ...input, apptainerDeb: "/it's/apptainer.deb" });
		expect(line.find((one) => one.startsWith('--include='))?.split(/[=,]/)).not.toContain('apptainer');
		const upload = line.indexOf("--customize-hook=upload '/it'\\''s/apptainer.deb' /tmp/apptainer.deb");
		expect(upload).toBeGreaterThan(0);
		expect(line.indexOf(`--customize-hook=${recipe.hooks[0]}`)).toBeGreaterThan(upload);
		expect(packageNames(recipe, '/a.deb')).toHaveLength(recipe.packages.length - 1);
	});
});
