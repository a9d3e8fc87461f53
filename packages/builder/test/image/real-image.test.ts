import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuilderImage, MakeBuilderImageOptions } from '../../src/image/builder-image.js';
import { isExpiredRelease } from '../../src/image/image-error.js';
import { makeBuilderImage } from '../../src/image/make-builder-image.js';

const run = promisify(execFile);

/** Needs root, a mirror and a minute or two: only on request. */
describe.runIf(process.env.CONTAINER_BUILDER_TEST_IMAGE === '1')('a builder image from a mirror', () => {
	let directory = '';
	let daemon = '';
	let image: BuilderImage;
	let expired = false;

	/** Takes an expired index only where the check has failed, as the commands do. */
	async function make(options: Partial<MakeBuilderImageOptions> = {}): Promise<BuilderImage> {
		const all = { daemon, directory, ...options };
		try {
			return await makeBuilderImage(all);
		} catch (error) {
			if (!isExpiredRelease(error)) throw error;
			expired = true;
			return makeBuilderImage({ ...all, allowExpiredRelease: true });
		}
	}

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), 'real-image-'));
		daemon = join(directory, 'cb-builder.mjs');
		await writeFile(daemon, 'console.log("daemon");\n');
		image = await make();
	}, 600_000);
	afterAll(() => rm(directory, { recursive: true, force: true }));

	it('is made of both layers and records what it was made from', () => {
		expect(image.created).toEqual({ base: true, daemon: true });
		expect(image.manifest.base.packages).toMatchObject({
			apptainer: expect.any(String),
			nodejs: expect.stringMatching(/^2\d\./),
		});
		expect(Object.keys(image.manifest.base.indexes).sort()).toEqual(['sid', 'trixie']);
	});

	it('is not made again, not even when the mirror is asked', async () => {
		const again = await make();
		expect(again).toEqual({ ...image, created: { base: false, daemon: false } });
		const messages: string[] = [];
		const refreshed = await make({ refresh: true, onProgress: (message) => messages.push(message) });
		expect(refreshed.created).toEqual({ base: false, daemon: false });
		expect(refreshed.manifest).toEqual(image.manifest);
		expect(messages).toContain('nothing newer on the mirror');
		expect(messages.some((message) => message.startsWith('warning: '))).toBe(expired);
	}, 120_000);

	it('works as a tree', async () => {
		const tree = join(directory, 'tree');
		await mkdir(tree);
		const archive = join(image.path, image.manifest.base.path);
		await run('tar', ['--zstd', '-xpf', archive, '-C', tree, '--numeric-owner', '--xattrs']);
		const inside = async (...command: string[]): Promise<string> =>
			(await run('chroot', [tree, ...command])).stdout;
		expect(await inside('apptainer', '--version')).toMatch(/^apptainer version 1\./);
		expect(await inside('buildah', '--version')).toMatch(/^buildah version 1\./);
		expect(await inside('node', '--version')).toMatch(/^v2\d\./);
		expect(await inside('tini', '--version')).toMatch(/^tini version/);
		expect(await inside('id', 'builder')).toBe('uid=1000(builder) gid=1000(builder) groups=1000(builder)\n');
		expect((await stat(join(tree, 'usr/bin/newuidmap'))).mode & 0o4000).toBe(0o4000);
		expect((await stat(join(tree, 'dev'))).isDirectory()).toBe(true);
		expect(await readFile(join(tree, 'etc/subuid'), 'utf8')).toBe('builder:65536:65536\n');
		expect(await readFile(join(tree, 'etc/resolv.conf'), 'utf8')).toBe('');
		const { stdout: devices } = await run('find', [
			tree,
			'-xdev',
			'(',
			'-type',
			'b',
			'-o',
			'-type',
			'c',
			')',
		]);
		expect(devices).toBe('');
	}, 120_000);

	it.each([
		[1, 'extracting archives'],
		[2, 'installing essential packages'],
		[3, 'installing remaining packages'],
		[4, 'creating tarball'],
	])(
		'leaves nothing but its lock when it is canceled, %i: %s',
		async (number, stage) => {
			const elsewhere = join(directory, `canceled-${number}`);
			const controller = new AbortController();
			const making = make({
				directory: elsewhere,
				signal: controller.signal,
				onOutput: (chunk) => {
					if (Buffer.from(chunk).includes(stage)) controller.abort();
				},
			});
			await expect(making).rejects.toMatchObject({ code: 'canceled' });
			const { stdout } = await run('find', [elsewhere, '-mindepth', '1', '-printf', '%P\\n']);
			expect(stdout).toBe('.lock\n');
			expect(await readFile('/proc/mounts', 'utf8')).not.toContain(directory);
		},
		120_000,
	);
});
