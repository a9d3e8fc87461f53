import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStream } from '@olcf/container-builder-core';
import { expect, onTestFinished, test } from 'vitest';
import { formatOf, imageTarget } from '../../src/build/image-target.js';
import { writeImage } from '../../src/build/image-writer.js';
import { digestOf } from '../fixtures/scripted-builder.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const isRoot = process.getuid?.() === 0;

async function fileTarget(path: string, force = false) {
	const target = await imageTarget(path, { directory: '/', force });
	if (target.kind !== 'file') throw new TypeError('a file');
	return target;
}

function imageStream(bytes: Uint8Array, announced = digestOf(bytes), piece = 1_000_000): ImageStream {
	return {
		from: 0,
		...announced,
		chunks: (async function* () {
			for (let at = 0; at < bytes.byteLength; at += piece) yield bytes.subarray(at, at + piece);
		})(),
	};
}

/** A file system of its own, gone after the test. */
async function smallFileSystem(options: string): Promise<string> {
	const directory = await temporaryDirectory();
	execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
	onTestFinished(() => void execFileSync('umount', ['-l', directory]));
	return directory;
}

test.each([
	['x.sif', 'sif'],
	['x', 'sif'],
	['x.tar', 'oci-archive'],
	['x.oci', 'oci-archive'],
	['x.tar.sif', 'sif'],
	[new URL('file:///tmp/x.tar'), 'oci-archive'],
	[undefined, 'sif'],
] as const)('the format of %s is %s', (image, format) => {
	expect(formatOf(image)).toBe(format);
});

test('a file URL, a relative path and an absolute one', async () => {
	const directory = await temporaryDirectory();
	const expected = { kind: 'file', path: join(directory, 'x.sif') };
	const options = { directory, force: false };
	expect(await imageTarget(new URL(`file://${directory}/x.sif`), options)).toMatchObject(expected);
	expect(await imageTarget('x.sif', options)).toMatchObject(expected);
	expect(await imageTarget(join(directory, 'x.sif'), options)).toMatchObject(expected);
});

test('while it is written the final name does not exist', async () => {
	const directory = await temporaryDirectory();
	const path = join(directory, 'x.sif');
	const bytes = randomBytes(100_000);
	let during: string[] = [];
	const image: ImageStream = {
		from: 0,
		...digestOf(bytes),
		chunks: (async function* () {
			yield bytes.subarray(0, 50_000);
			during = await readdir(directory);
			yield bytes.subarray(50_000);
		})(),
	};
	await writeImage(image, await fileTarget(path), { format: 'sif' });
	expect(during).toEqual([expect.stringMatching(/^x\.sif\.[0-9a-f]{12}\.partial$/)]);
	expect(await readdir(directory)).toEqual(['x.sif']);
	expect((await readFile(path)).equals(bytes)).toBe(true);
});

test('the mode of an archive is that of any file', async () => {
	const directory = await temporaryDirectory();
	const path = join(directory, 'x.tar');
	await writeImage(imageStream(Buffer.from('x')), await fileTarget(path), { format: 'oci-archive' });
	expect((await stat(path)).mode & 0o777).toBe(0o666 & ~process.umask());
});

test.each([
	['too short', (bytes: Buffer) => ({ ...digestOf(bytes), size: bytes.length + 1 })],
	['another SHA-256', (bytes: Buffer) => ({ size: bytes.length, sha256: 'f'.repeat(64) })],
])('what is not what was announced leaves nothing: %s', async (_, announce) => {
	const directory = await temporaryDirectory();
	const bytes = randomBytes(1000);
	const target = await fileTarget(join(directory, 'x.sif'));
	const writing = writeImage(imageStream(bytes, announce(bytes)), target, { format: 'sif' });
	await expect(writing).rejects.toMatchObject({ code: 'digest-mismatch' });
	expect(await readdir(directory)).toEqual([]);
});

test('with force, what fails leaves the old image as it was', async () => {
	const directory = await temporaryDirectory();
	const path = join(directory, 'x.sif');
	await writeFile(path, 'old');
	const bytes = randomBytes(1000);
	const writing = writeImage(
		imageStream(bytes, { size: 1000, sha256: '0'.repeat(64) }),
		await fileTarget(path, true),
		{
			format: 'sif',
		},
	);
	await expect(writing).rejects.toMatchObject({ code: 'digest-mismatch' });
	expect(await readFile(path, 'utf8')).toBe('old');
	expect(await readdir(directory)).toEqual(['x.sif']);
});

test.runIf(isRoot)('a disk that is too small is told before anything is received', async () => {
	const directory = await smallFileSystem('size=1m');
	const target = await fileTarget(join(directory, 'x.sif'));
	let asked = false;
	const image: ImageStream = {
		from: 0,
		size: 2 ** 22,
		sha256: '0'.repeat(64),
		chunks: (async function* () {
			asked = true;
			yield Buffer.alloc(1);
		})(),
	};
	await expect(writeImage(image, target, { format: 'sif' })).rejects.toMatchObject({
		code: 'image-write',
		exitCode: 6,
		message: expect.stringContaining('there is space for 1048576'),
	});
	expect(asked).toBe(false);
	expect(await readdir(directory)).toEqual([]);
});

test.runIf(isRoot)('a disk that becomes full meanwhile', async () => {
	const directory = await smallFileSystem('size=4m');
	const target = await fileTarget(join(directory, 'x.sif'));
	const bytes = randomBytes(3 * 2 ** 20);
	const image = imageStream(bytes, digestOf(bytes), 100_000);
	let filled = false;
	const chunks = (async function* () {
		for await (const chunk of image.chunks) {
			if (!filled) await writeFile(join(directory, 'other'), Buffer.alloc(2 * 2 ** 20));
			filled = true;
			yield chunk;
		}
	})();
	await expect(writeImage({ ...image, chunks }, target, { format: 'sif' })).rejects.toMatchObject({
		code: 'image-write',
		message: expect.stringMatching(/no space left on the device$/),
		hint: expect.stringContaining('Free some space'),
	});
	expect(await readdir(directory)).toEqual(['other']);
});

test.runIf(isRoot)('a read-only file system is told before anything is sent', async () => {
	const directory = await smallFileSystem('ro,size=1m');
	await expect(fileTarget(join(directory, 'x.sif'))).rejects.toMatchObject({
		code: 'image-write',
		message: expect.stringMatching(/the file system is read-only$/),
	});
});

test('two at once, without force: one wins, and it is whole', async () => {
	const directory = await temporaryDirectory();
	const path = join(directory, 'x.sif');
	const images = Array.from({ length: 6 }, () => randomBytes(200_000));
	const results = await Promise.allSettled(
		images.map(async (bytes) => {
			await writeImage(imageStream(bytes, digestOf(bytes), 10_000), await fileTarget(path), {
				format: 'sif',
			});
			return bytes;
		}),
	);
	const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
	expect(winners).toHaveLength(1);
	for (const result of results) {
		if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'image-exists' });
	}
	expect(winners[0]?.equals(await readFile(path))).toBe(true);
	expect(await readdir(directory)).toEqual(['x.sif']);
});

test('what a killed process left of the same image is removed, what may still be written is not', async () => {
	const directory = await temporaryDirectory();
	const old = new Date(Date.now() - 25 * 3_600_000);
	const names = {
		stale: 'x.sif.0123456789ab.partial',
		fresh: 'x.sif.ba9876543210.partial',
		other: 'y.sif.0123456789ab.partial',
		mine: 'x.sif.notes.partial',
	};
	for (const name of Object.values(names)) await writeFile(join(directory, name), '');
	for (const name of [names.stale, names.other, names.mine]) await utimes(join(directory, name), old, old);
	await mkdir(join(directory, 'x.sif.aaaaaaaaaaaa.partial'));
	await utimes(join(directory, 'x.sif.aaaaaaaaaaaa.partial'), old, old);
	await writeImage(imageStream(Buffer.from('x')), await fileTarget(join(directory, 'x.sif')), {
		format: 'sif',
	});
	expect((await readdir(directory)).sort()).toEqual(
		['x.sif', 'x.sif.aaaaaaaaaaaa.partial', names.fresh, names.other, names.mine].sort(),
	);
});

test('a stream that fails is told, and aborted', async () => {
	let aborted: unknown;
	const writable = new WritableStream<Uint8Array>({
		write: () => Promise.reject(new Error('the sink is full')),
		abort: (reason) => {
			aborted = reason;
		},
	});
	const writing = writeImage(imageStream(randomBytes(10)), { kind: 'stream', writable }, { format: 'sif' });
	await expect(writing).rejects.toMatchObject({
		code: 'image-write',
		cause: { message: 'the sink is full' },
	});
	expect(aborted).toBeUndefined();
});

test('a stream gets no close where the bytes were wrong', async () => {
	let aborted: unknown;
	let closed = false;
	const writable = new WritableStream<Uint8Array>({
		abort: (reason) => {
			aborted = reason;
		},
		close: () => {
			closed = true;
		},
	});
	const image = imageStream(randomBytes(10), { size: 10, sha256: '0'.repeat(64) });
	const writing = writeImage(image, { kind: 'stream', writable }, { format: 'sif' });
	await expect(writing).rejects.toMatchObject({ code: 'digest-mismatch' });
	expect(aborted).toMatchObject({ code: 'digest-mismatch' });
	expect(closed).toBe(false);
});

test.skipIf(isRoot)('a directory that may not be written to', async () => {
	const directory = await temporaryDirectory();
	await chmod(directory, 0o500);
	await expect(fileTarget(join(directory, 'x.sif'))).rejects.toMatchObject({ code: 'image-write' });
	await chmod(directory, 0o700);
});
