import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findVmImage, makeVmImage } from '../src/index.js';
import { pruneVmImages } from '../src/vm/prune-vm-images.js';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp('/tmp/cb-vm-images-');
});
afterEach(() => rm(directory, { recursive: true }));

const id = (digit: string): string => digit.repeat(64);

describe('an image of a virtual machine', () => {
	const manifest = {
		...{ schemaVersion: 1, format: 'raw', id: id('a'), architecture: 'amd64', createdAt: 'now' },
		...{ disk: { path: 'disk.raw', size: 1 }, kernel: { path: 'vmlinuz', package: 'linux', version: '1' } },
		...{ initrd: { path: 'initrd' }, commandLine: 'quiet' },
		...{ base: { id: id('b'), suite: 'trixie' }, daemon: { id: id('c') } },
	};

	it('is found where all of its parts are', async () => {
		const path = join(directory, `vm-${id('a')}`);
		expect(await findVmImage({ directory, format: 'raw' })).toBeUndefined();
		await mkdir(path);
		await symlink(`vm-${id('a')}`, join(directory, 'current-raw'));
		await writeFile(join(path, 'image.json'), JSON.stringify(manifest));
		for (const part of ['disk.raw', 'vmlinuz']) await writeFile(join(path, part), '');
		expect(await findVmImage({ directory, format: 'raw' })).toBeUndefined();
		await writeFile(join(path, 'initrd'), '');
		expect(await findVmImage({ directory, format: 'raw' })).toEqual({ manifest, path });
		expect(await findVmImage({ directory, format: 'qcow2' })).toBeUndefined();
	});

	it('goes when newer ones are there, and so does a kernel; nothing else', async () => {
		const images = ['1', '2', '3', '4', '5', '6'].map((digit) => `vm-${id(digit)}`);
		const kernels = ['1', '2', '3'].map((digit) => `kernel-${id(digit)}`);
		const others = [`base-${id('1')}`, id('2'), 'current-raw'];
		for (const [age, name] of [...images, ...kernels, ...others].entries()) {
			await mkdir(join(directory, name));
			await utimes(join(directory, name), 1_000_000 - age, 1_000_000 - age);
		}
		expect(await pruneVmImages(directory)).toEqual([...images.slice(4), ...kernels.slice(2)]);
		expect((await readdir(directory)).sort()).toEqual(
			[...images.slice(0, 4), ...kernels.slice(0, 2), ...others].sort(),
		);
	});

	it('says which programs are missing to make it', async () => {
		const path = process.env.PATH;
		process.env.PATH = directory;
		try {
			await expect(makeVmImage({ directory, daemon: '/nowhere', format: 'qcow2' })).rejects.toMatchObject({
				code: 'provider-misconfigured',
				hint: expect.stringMatching(
					process.getuid?.() === 0
						? /^Run as root: apt-get install .*mtools.*qemu-utils/
						: /^Make it as root/,
				),
			});
		} finally {
			process.env.PATH = path;
		}
	});
});
