import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isContainerBuilderError } from '@olcf/container-builder-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBuilderImage } from '../../src/image/find-builder-image.js';
import { isExpiredRelease, mirrorError } from '../../src/image/image-error.js';
import { makeBuilderImage } from '../../src/image/make-builder-image.js';
import { builderImagePrerequisites } from '../../src/image/prerequisites.js';
import { baseId, baseRecipe, recipeId } from '../../src/image/recipe.js';

const MACHINE = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64le' } as const;
const architecture = MACHINE[process.arch as keyof typeof MACHINE];
const { ready } = await builderImagePrerequisites();

let directory = '';
let daemon = '';
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'builder-image-'));
	daemon = join(directory, 'cb-builder.mjs');
	await writeFile(daemon, 'console.log(1);\n');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A base as an earlier make left it, but for what is in its archive. */
async function placeBase(content = 'archive', apptainerDeb?: string): Promise<string> {
	const recipe = recipeId(baseRecipe('trixie', architecture));
	const packages = { apptainer: content };
	const id = baseId(recipe, apptainerDeb, packages);
	const path = join(directory, `base-${id}`);
	await mkdir(path);
	await writeFile(join(path, 'base.tar.zst'), content);
	const base = {
		...{ id, size: content.length, suite: 'trixie', packages, indexes: {}, recipe, resolution: id },
		sha256: createHash('sha256').update(content).digest('hex'),
		...(apptainerDeb === undefined ? {} : { apptainerDeb }),
	};
	await writeFile(join(path, 'base.json'), JSON.stringify(base));
	return id;
}

describe('with a base that is there', () => {
	/** Where anything is asked of it, there is an error at once. */
	const mirror = 'file:///nonexistent';

	it('makes the daemon layer, the manifest and the link to it, and nothing the next time', async () => {
		const base = await placeBase();
		const made = await makeBuilderImage({ daemon, directory, mirror });
		expect(made.created).toEqual({ base: false, daemon: true });
		expect(made.path).toBe(join(directory, made.manifest.id));
		expect(await readlink(join(directory, 'current'))).toBe(made.manifest.id);
		expect(JSON.parse(await readFile(join(made.path, 'image.json'), 'utf8'))).toEqual(made.manifest);
		expect(made.manifest).toMatchObject({
			schemaVersion: 1,
			format: 'rootfs',
			architecture,
			base: { id: base, suite: 'trixie', size: 7 },
			command: ['/usr/bin/node', '/usr/lib/container-builder/cb-builder.mjs'],
		});
		expect(await readFile(join(made.path, made.manifest.base.path), 'utf8')).toBe('archive');
		const layer = join(made.path, made.manifest.daemon.path);
		const inside = join(layer, 'usr/lib/container-builder/cb-builder.mjs');
		expect(await readFile(inside, 'utf8')).toBe('console.log(1);\n');
		expect((await stat(inside)).mode & 0o777).toBe(0o644);
		expect((await stat(layer)).mode & 0o777).toBe(0o755);
		expect(made.manifest.daemon.id).toBe(createHash('sha256').update('console.log(1);\n').digest('hex'));

		const again = await makeBuilderImage({ daemon, directory, mirror });
		expect(again).toEqual({ ...made, created: { base: false, daemon: false } });
		expect((await readdir(directory)).filter((name) => name.startsWith('.making-'))).toEqual([]);
	});

	it('makes only a layer for another daemon, and goes back without work', async () => {
		await placeBase();
		const first = await makeBuilderImage({ daemon, directory, mirror });
		await writeFile(daemon, 'console.log(2);\n');
		const second = await makeBuilderImage({ daemon, directory, mirror });
		expect(second.created).toEqual({ base: false, daemon: true });
		expect(second.manifest.base).toEqual(first.manifest.base);
		expect(second.manifest.id).not.toBe(first.manifest.id);
		await writeFile(daemon, 'console.log(1);\n');
		const third = await makeBuilderImage({ daemon, directory, mirror });
		expect(third).toEqual({ ...first, created: { base: false, daemon: false } });
		expect(await readlink(join(directory, 'current'))).toBe(first.manifest.id);
	});

	it('does the work once for many at once', async () => {
		await placeBase();
		const made = await Promise.all([1, 2, 3, 4].map(() => makeBuilderImage({ daemon, directory, mirror })));
		expect(made.filter(({ created }) => created.daemon)).toHaveLength(1);
		expect(new Set(made.map(({ manifest }) => manifest.createdAt)).size).toBe(1);
	});

	it('clears what an interrupted make left', async () => {
		await placeBase();
		await mkdir(join(directory, '.making-abc', 'base'), { recursive: true });
		await makeBuilderImage({ daemon, directory, mirror });
		expect(await readdir(directory)).not.toContain('.making-abc');
	});

	it('takes a base with a package that was brought where none is named now', async () => {
		const base = await placeBase('archive', 'a'.repeat(64));
		expect((await makeBuilderImage({ daemon, directory, mirror })).manifest.base.id).toBe(base);
	});

	it.runIf(ready)('asks the mirror where the base is damaged, or to refresh it', async () => {
		const base = await placeBase();
		await expect(makeBuilderImage({ daemon, directory, mirror, refresh: true })).rejects.toMatchObject({
			code: 'builder-image',
			message: expect.stringMatching(/^file:\/\/\/nonexistent is not a mirror/),
		});
		await writeFile(join(directory, `base-${base}`, 'base.tar.zst'), 'arch');
		await expect(makeBuilderImage({ daemon, directory, mirror })).rejects.toMatchObject({
			code: 'builder-image',
		});
		expect((await readdir(directory)).filter((name) => name.startsWith('.making-'))).toEqual([]);
	});
});

describe('mistakes', () => {
	it.each([
		['a daemon that is not there', { daemon: '/nonexistent/cb-builder.mjs' }, 'source-missing'],
		['a package that is not there', { apptainerDeb: '/nonexistent/apptainer.deb' }, 'source-missing'],
		['another architecture', { architecture: architecture === 'arm64' ? 'amd64' : 'arm64' }, 'unsupported'],
		['a signal that is aborted', { signal: AbortSignal.abort() }, 'canceled'],
	] as const)('%s', async (_name, options, code) => {
		await expect(makeBuilderImage({ daemon, directory, ...options })).rejects.toMatchObject({ code });
	});

	it.runIf(ready)('a mirror that is no URL', async () => {
		const making = makeBuilderImage({ daemon, directory, mirror: 'mirror.example debian' });
		await expect(making).rejects.toMatchObject({ code: 'invalid-option' });
	});

	it('tells an index past its date from other errors', () => {
		const expired = mirrorError('http://mirror.example/debian', {
			reason: 'expired',
			suites: ['sid'],
			since: '17d',
		});
		expect(isExpiredRelease(expired)).toBe(true);
		expect(expired.hint).toContain('--allow-expired-release');
		const other = mirrorError('http://mirror.example/debian', { reason: 'unreachable', line: 'no route' });
		expect(isContainerBuilderError(other) && other.code).toBe('builder-image');
		expect(isExpiredRelease(other)).toBe(false);
		expect(isExpiredRelease(new Error('expired'))).toBe(false);
	});
});

describe('findBuilderImage', () => {
	it('finds the current image, and writes nothing', async () => {
		expect(await findBuilderImage({ directory: join(directory, 'nowhere') })).toBeUndefined();
		await expect(stat(join(directory, 'nowhere'))).rejects.toThrow();
		expect(await findBuilderImage({ directory })).toBeUndefined();
		await placeBase();
		const { manifest, path } = await makeBuilderImage({ daemon, directory });
		expect(await findBuilderImage({ directory })).toEqual({ manifest, path });
		expect(await findBuilderImage({ directory, daemon })).toEqual({ manifest, path });
	});

	it('finds none with another daemon, a base of another recipe, or a damaged part', async () => {
		const id = await placeBase();
		const { manifest, path } = await makeBuilderImage({ daemon, directory });
		const other = join(directory, 'other.mjs');
		await writeFile(other, 'console.log(3);\n');
		expect(await findBuilderImage({ directory, daemon: other })).toBeUndefined();

		const description = join(directory, `base-${id}`, 'base.json');
		const text = await readFile(description, 'utf8');
		await writeFile(description, JSON.stringify({ ...JSON.parse(text), recipe: 'f'.repeat(64) }));
		expect(await findBuilderImage({ directory, daemon })).toBeUndefined();
		expect(await findBuilderImage({ directory })).toEqual({ manifest, path });

		await chmod(join(path, manifest.base.path), 0o600);
		await writeFile(join(path, manifest.base.path), 'arch');
		expect(await findBuilderImage({ directory })).toBeUndefined();
	});
});
