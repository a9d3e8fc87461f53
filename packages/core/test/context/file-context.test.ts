import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type ContextManifest, type ContextSource, directoryContext } from '@olcf/container-builder-core';
import { decodeManifest, encodeManifest } from '@olcf/container-builder-core/protocol';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { tarHeader } from '../../src/context/tar-header.js';
import { digestOf } from '../fixtures/scripted-builder.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for await (const chunk of chunks) parts.push(Buffer.from(chunk));
	return Buffer.concat(parts);
}

async function tree(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
	const root = await temporaryDirectory();
	for (const [path, content] of Object.entries(files)) {
		await mkdir(dirname(join(root, path)), { recursive: true });
		await writeFile(join(root, path), content, { mode: 0o644 });
	}
	return root;
}

/** What an archive has in it, by a reader of its own. */
async function entriesOf(archive: Buffer) {
	const found: {
		path: string;
		type: string | null | undefined;
		mode: number;
		target?: string;
		bytes: Buffer;
	}[] = [];
	const reader = extract();
	reader.end(archive);
	for await (const entry of reader) {
		const { name, type, mode, linkname } = entry.header;
		const parts: Uint8Array[] = [];
		for await (const chunk of entry) parts.push(chunk as Uint8Array);
		const target = linkname ? { target: linkname } : {};
		found.push({
			path: name.replace(/\/$/, ''),
			type,
			mode: mode ?? 0,
			...target,
			bytes: Buffer.concat(parts),
		});
	}
	return found;
}

async function expectSame(source: ContextSource, manifest: ContextManifest): Promise<void> {
	const entries = await entriesOf(await gather(source.archive()));
	expect(
		entries.map(({ bytes, ...entry }) => ({
			...entry,
			size: bytes.length,
			...(entry.type === 'file' ? { sha256: digestOf(bytes).sha256 } : {}),
		})),
	).toEqual(manifest.entries);
}

test('a tree becomes a manifest and an archive that agree', async () => {
	const root = await tree({
		'a/b/c.txt': 'c',
		'a-b.txt': 'dash',
		'a/empty': '',
		'z.bin': randomBytes(1_500_000),
	});
	await mkdir(join(root, 'hollow'));
	await symlink('../z.bin', join(root, 'a/link'));
	await chmod(join(root, 'a/b/c.txt'), 0o4750);
	await chmod(join(root, 'hollow'), 0o1777);
	await chmod(join(root, 'a/empty'), 0);
	const source = directoryContext({ root });
	if (process.getuid?.() !== 0) await chmod(join(root, 'a/empty'), 0o400);
	const manifest = await source.manifest();
	expect(manifest.entries.map(({ path, type, mode }) => `${path} ${type} ${mode.toString(8)}`)).toEqual([
		'a directory 755',
		'a-b.txt file 644',
		'a/b directory 755',
		'a/b/c.txt file 4750',
		`a/empty file ${process.getuid?.() === 0 ? '0' : '400'}`,
		'a/link symlink 777',
		'hollow directory 1777',
		'z.bin file 644',
	]);
	expect(manifest.size).toBe(1_500_005);
	await expectSame(source, manifest);
	expect(await source.manifest()).toBe(manifest);
});

test('the same tree gives the same bytes, whoever owns it and whenever it was written', async () => {
	const files = { 'a/b.txt': 'b', 'ü.txt': 'umlaut' };
	const [first, second] = [await tree(files), await tree(files)];
	await utimes(join(second, 'a/b.txt'), 1, 1);
	const sources = [directoryContext({ root: first }), directoryContext({ root: second })];
	const [a, b] = await Promise.all(sources.map((source) => gather(source.archive())));
	expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
	const [m, n] = await Promise.all(sources.map((source) => source.manifest()));
	expect(m?.digest).toBe(n?.digest);
});

test('tar reads what we write', async () => {
	const long = `${'directory-with-a-long-name/'.repeat(9)}${'x'.repeat(120)}`;
	const root = await tree({ [long]: 'long', 'ümläut 漢字.txt': 'names', 'plain.txt': randomBytes(70_000) });
	await symlink('ümläut 漢字.txt', join(root, 'zeiger'));
	await symlink(`${'y/'.repeat(80)}z`, join(root, 'far'));
	const archive = await gather(directoryContext({ root }).archive());
	const out = await temporaryDirectory();
	execFileSync('tar', ['-xf', '-', '-C', out], { input: archive });
	expect(execFileSync('diff', ['-r', '--no-dereference', root, out], { encoding: 'utf8' })).toBe('');
});

const name = fc
	.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
	.filter(
		(text) =>
			!/[/\0\uFFFD]|^\.{1,2}$/.test(text) &&
			Buffer.byteLength(text) < 200 &&
			Buffer.from(text).toString() === text,
	);

test('any names, any modes, any sizes', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.uniqueArray(
				fc.tuple(
					fc.array(name, { minLength: 1, maxLength: 3 }),
					fc.nat({ max: 3000 }),
					fc.nat({ max: 0o777 }),
				),
				{
					maxLength: 8,
					selector: ([parts]) => parts[0],
				},
			),
			async (files) => {
				const root = await temporaryDirectory();
				try {
					for (const [parts, size, mode] of files) {
						const path = join(root, ...parts);
						await mkdir(dirname(path), { recursive: true });
						await writeFile(path, randomBytes(size));
						await chmod(path, mode | 0o400);
					}
					const source = directoryContext({ root });
					const manifest = await source.manifest();
					expect(decodeManifest(encodeManifest(manifest.entries), manifest.digest)).toEqual(manifest);
					await expectSame(source, manifest);
				} finally {
					await rm(root, { recursive: true });
				}
			},
		),
		{ numRuns: 40 },
	);
});

test('from any byte on, the archive goes on with the same bytes', async () => {
	const root = await tree({
		'a.bin': randomBytes(600_000),
		'b.txt': 'b',
		[`c/${'n'.repeat(150)}`]: randomBytes(511),
		'd.bin': randomBytes(512),
	});
	const source = directoryContext({ root });
	const whole = await gather(source.archive());
	expect(whole.length % 512).toBe(0);
	await fc.assert(
		fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (from) => {
			expect(whole.subarray(from).equals(await gather(source.archive({ from })))).toBe(true);
		}),
		{ numRuns: 100, examples: [[0], [512], [600_512], [whole.length - 1024], [whole.length]] },
	);
});

test('chunks are neither tiny nor huge', async () => {
	const files: Record<string, string | Uint8Array> = { 'big.bin': randomBytes(5_000_000) };
	for (let number = 0; number < 2000; number++) files[`small/${number}`] = `file ${number}`;
	const source = directoryContext({ root: await tree(files) });
	const sizes: number[] = [];
	for await (const chunk of source.archive()) sizes.push(chunk.byteLength);
	expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * 2 ** 20);
	expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(2 ** 19);
});

test('headers of large files and of any mode', async () => {
	const header = await tarHeader({ path: 'x', type: 'file', mode: 0, size: 10 * 2 ** 33 });
	const reader = extract();
	reader.write(header);
	const found = await new Promise((resolve) => reader.on('entry', (head) => resolve(head)));
	expect(found).toMatchObject({ name: 'x', mode: 0, size: 10 * 2 ** 33, uid: 0, gid: 0, mtime: new Date(0) });
	reader.destroy();
});

test.each([
	['longer', (path: string) => appendFile(path, 'more')],
	['shorter', (path: string) => writeFile(path, 'x')],
	['of the same size', (path: string) => writeFile(path, 'CONTENT')],
	['gone', (path: string) => rm(path)],
	[
		'another file of the same time and size',
		async (path: string) => {
			await writeFile(`${path}.new`, 'CONTENT');
			await utimes(`${path}.new`, 1, 1);
			await rm(path);
			await writeFile(path, 'CONTENT');
			await utimes(path, 1, 1);
		},
	],
])('a file that has become %s is named', async (_, change) => {
	const root = await tree({ 'a.txt': 'first', 'sub/b.txt': 'content' });
	const path = join(root, 'sub/b.txt');
	await utimes(path, 1, 1);
	const source = directoryContext({ root });
	await source.manifest();
	await change(path);
	await expect(gather(source.archive())).rejects.toMatchObject({
		code: 'source-changed',
		message: 'sub/b.txt changed while it was being sent',
	});
});

test('parts of a directory, with the directories above them', async () => {
	const root = await tree({ 'a/b/c.txt': 'c', 'a/b/d.txt': 'd', 'a/e.txt': 'e', 'f.txt': 'f' });
	await chmod(join(root, 'a'), 0o500);
	const paths = async (...given: string[]): Promise<string[]> =>
		(await directoryContext({ root, paths: given }).manifest()).entries.map(({ path }) => path);
	expect(await paths('a/b/c.txt')).toEqual(['a', 'a/b', 'a/b/c.txt']);
	expect(await paths('./a//b/', 'a/e.txt')).toEqual(['a', 'a/b', 'a/b/c.txt', 'a/b/d.txt', 'a/e.txt']);
	expect(await paths('.')).toEqual(await paths('a', 'f.txt'));
	expect(await paths('a/../f.txt')).toEqual(['f.txt']);
	const { entries } = await directoryContext({ root, paths: ['a/e.txt'] }).manifest();
	expect(entries[0]).toMatchObject({ path: 'a', mode: 0o755 });
	await chmod(join(root, 'a'), 0o700);
});

test.each(['../x', '/etc/passwd', 'a/../../x'])('%s leaves the root', async (path) => {
	const root = await tree({ 'a/b': '' });
	await expect(directoryContext({ root, paths: [path] }).manifest()).rejects.toMatchObject({
		code: 'invalid-option',
		exitCode: 2,
	});
});

test('links stay within the root', async () => {
	const root = await tree({ 'a/b.txt': 'b' });
	await symlink('b.txt', join(root, 'a/good'));
	await symlink('../a', join(root, 'a/up'));
	expect(
		(await directoryContext({ root }).manifest()).entries.map(({ path, target }) => [path, target]),
	).toEqual([
		['a', undefined],
		['a/b.txt', undefined],
		['a/good', 'b.txt'],
		['a/up', '../a'],
	]);
	for (const target of ['../../outside', '/etc/passwd', root]) {
		await symlink(target, join(root, 'a/bad'));
		await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
			code: 'invalid-definition',
			message: expect.stringContaining('a/bad points out of'),
		});
		await rm(join(root, 'a/bad'));
	}
});

test('special files are refused', async () => {
	const root = await tree({ 'a.txt': '' });
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: expect.stringContaining('a socket'),
	});
	await new Promise((resolve) => server.close(resolve));
	execFileSync('mkfifo', [join(root, 'pipe')]);
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		message: expect.stringContaining('a named pipe'),
	});
});

test('names that are not UTF-8 are refused, and named', async () => {
	const root = await tree({});
	await writeFile(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '');
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		message: expect.stringMatching(/^the name of bad-.* is not UTF-8$/),
	});
});

test('what a link points to must be UTF-8 too', async () => {
	const root = await tree({});
	await symlink(Buffer.from([0x61, 0xff]), join(root, 'bad'));
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: 'what the link bad points to is not UTF-8',
	});
});

test('names stay as they are: composed, decomposed, with the mark of what is no letter', async () => {
	const names = ['u\u0308', '\uFFFD', '\u00FC'];
	const root = await tree({ ...Object.fromEntries(names.map((name) => [name, name])) });
	await symlink('\uFFFD', join(root, 'x'));
	const { entries } = await directoryContext({ root }).manifest();
	expect(entries.map(({ path }) => path)).toEqual(['u\u0308', 'x', '\u00FC', '\uFFFD']);
	expect(entries[1]?.target).toBe('\uFFFD');
});

test.skipIf(process.getuid?.() === 0)('what may not be read is refused', async () => {
	const root = await tree({ 'a/b': 'b', c: 'c' });
	await chmod(join(root, 'c'), 0);
	const refusal = { code: 'source-missing', exitCode: 2, message: 'c may not be read' };
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject(refusal);
	await chmod(join(root, 'a'), 0);
	const other = { code: 'source-missing', message: 'a may not be read' };
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject(other);
	await chmod(join(root, 'a'), 0o700);
});

test('paths that the builder could not make are refused', async () => {
	const root = await temporaryDirectory();
	let path = root;
	for (let depth = 0; depth < 16; depth++) path = join(path, 'd'.repeat(250));
	execFileSync('mkdir', ['-p', path.slice(0, 4000)]);
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: expect.stringMatching(/^the path d{80}… is too long$/),
	});
});

test('a path is not followed out of the root by way of a link', async () => {
	const root = await tree({ 'in/a': 'a' });
	const outside = await tree({ secret: 'secret' });
	await symlink(outside, join(root, 'out'));
	await symlink('in', join(root, 'way'));
	await expect(directoryContext({ root, paths: ['out/secret'] }).manifest()).rejects.toMatchObject({
		code: 'invalid-option',
		message: `out/secret is not below ${root}`,
	});
	const { entries } = await directoryContext({ root, paths: ['way/a'] }).manifest();
	expect(entries.map(({ path, type }) => [path, type])).toEqual([
		['way', 'directory'],
		['way/a', 'file'],
	]);
});

test('a link that leaves by way of another is refused, one that only looks like it is not', async () => {
	const root = await tree({ 'a/b/c/file': '' });
	await symlink('a/b/c', join(root, 'deep'));
	await symlink('deep/../../b', join(root, 'stays'));
	expect((await directoryContext({ root }).manifest()).entries.at(-1)?.target).toBe('deep/../../b');
	await symlink('..', join(root, 'a/up'));
	await symlink('a/up/..', join(root, 'leaves'));
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		code: 'invalid-definition',
		message: `the link leaves points out of ${root}, to a/up/..`,
	});
});

test('some paths are left out', async () => {
	const root = await tree({ '.git/HEAD': '', 'sub/.git': '', 'out/app.sif': '', 'out/x': '' });
	const except = ['.git', join(root, 'out/app.sif')];
	const { entries } = await directoryContext({ root, except }).manifest();
	expect(entries.map(({ path }) => path)).toEqual(['out', 'out/x', 'sub', 'sub/.git']);
});

test('a signal ends the pre-pass, and it can be made again', async () => {
	const root = await tree({ 'a.txt': 'a' });
	const source = directoryContext({ root });
	await expect(source.manifest({ signal: AbortSignal.abort('no') })).rejects.toMatchObject({
		code: 'canceled',
	});
	const controller = new AbortController();
	const making = source.manifest({ signal: controller.signal });
	controller.abort('no');
	await expect(making).rejects.toMatchObject({ code: 'canceled', message: 'no' });
	expect((await source.manifest()).entries).toHaveLength(1);
	expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('a');
});
