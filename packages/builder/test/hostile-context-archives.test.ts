import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
	type ContextEntry,
	type ContextManifest,
	directoryContext,
	isContainerBuilderError,
} from '@olcf/container-builder-core';
import { makeManifest } from '@olcf/container-builder-core/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeFrame } from '../src/context/decode-frame.js';
import { collect } from './support/collect.js';
import { directory, file, hardLink, link, uncheckedManifest } from './support/context-channel.js';
import { describeTree, makeTree, randomTree, removeTree } from './support/random-tree.js';
import { paxRecord, type RawEntry, rawTar } from './support/raw-tar.js';
import { unpack } from './support/unpack.js';

let base: string;
let outside: string;
let canary: Readonly<Record<string, unknown>>;
let number = 0;

beforeEach(async () => {
	base = await mkdtemp(join(tmpdir(), 'cb-hostile-'));
	outside = join(base, 'outside');
	await mkdir(join(outside, 'below'), { recursive: true });
	await writeFile(join(outside, 'canary'), 'outside');
	canary = await describeTree(outside);
});
afterEach(async () => {
	// Names, modes, contents, and how many names each file has.
	expect(await describeTree(outside)).toEqual(canary);
	removeTree(base);
});

/** Unpacks in a new directory; what it is refused with, or what is there then. */
async function attempt(manifest: ContextManifest, archive: Buffer, step?: number) {
	const place = join(base, String(number++));
	const target = join(place, 'context');
	await mkdir(place);
	try {
		await unpack(target, manifest, archive, step);
		return { tree: await describeTree(target) };
	} catch (error) {
		if (!isContainerBuilderError(error)) throw error;
		return { code: error.code, message: error.message };
	} finally {
		expect(Object.keys(await describeTree(place)).filter((path) => !/^\/($|context)/.test(path))).toEqual([]);
		expect(await describeTree(outside)).toEqual(canary);
		removeTree(place);
	}
}

const REFUSED = expect.stringMatching(/^(protocol|digest-mismatch)$/);
const hello: RawEntry = { name: 'hello', type: '0', content: 'hello' };
const honest = (): ContextManifest => makeManifest([file('hello', 'hello')]);
/** A header of its own before the entry that it is about. */
const pax = (type: 'x' | 'g', records: Readonly<Record<string, string>>): RawEntry => ({
	name: 'PaxHeader',
	type,
	content: Object.entries(records)
		.map(([key, value]) => paxRecord(key, value))
		.join(''),
});

it('what is honest is taken', async () => {
	expect(await attempt(honest(), rawTar([hello]))).toMatchObject({ tree: { '/hello': { size: 5 } } });
});

describe('an archive', () => {
	it.each<[string, (out: string) => readonly RawEntry[]]>([
		['with a path that leaves', () => [{ ...hello, name: '../../outside/canary' }]],
		['with an absolute path', (out) => [{ ...hello, name: `${out}/pwned` }]],
		['with a path that leaves and comes back', () => [{ ...hello, name: '../context/hello' }]],
		[
			'with a path that a pax header turns outside',
			() => [pax('x', { path: '../../outside/canary' }), hello],
		],
		[
			'with a pax header for all',
			() => [pax('g', { path: '../../outside/canary' }), pax('x', { mtime: '1' }), hello],
		],
		[
			'with a long name of GNU’s that leaves',
			() => [
				{ name: '././@LongLink', type: 'L', content: `${'../'.repeat(60)}tmp/x\0`, format: 'gnu' },
				hello,
			],
		],
		['with a symbolic link for a file', (out) => [{ ...hello, type: '2', target: out, content: '' }, hello]],
		['with a hard link for a file', (out) => [{ name: 'hello', type: '1', target: `${out}/canary` }]],
		['with a hard link besides', () => [hello, { name: 'more', type: '1', target: 'hello' }]],
		['with a character device', () => [{ name: 'hello', type: '3' }]],
		['with a block device', () => [{ name: 'hello', type: '4' }]],
		['with a pipe', () => [{ name: 'hello', type: '6' }]],
		['with a type that nobody knows', () => [{ ...hello, type: 'Z' }]],
		['with a file twice', () => [hello, hello]],
		['that says less than comes', () => [{ ...hello, size: 4 }]],
		['that says more than comes', () => [{ ...hello, size: 6 }]],
		['that says far more than comes', () => [{ ...hello, size: 2 ** 50 }]],
		['that says less than nothing', () => [{ ...hello, size: -5 }]],
		['with another size in a pax header', () => [pax('x', { size: '1000000' }), hello]],
		['with a size below nothing in a pax header', () => [pax('x', { size: '-1' }), hello]],
		['with a size that is no number', () => [pax('x', { size: 'NaN' }), hello]],
		['with a pax header beyond all measure', () => [{ ...pax('x', {}), size: 2 ** 40 }, hello]],
		[
			'with a pax header of negative length',
			() => [
				{ ...pax('x', {}), size: -512 },
				{ ...hello, name: 'x' },
			],
		],
		['with a mode that was not said', () => [{ ...hello, mode: 0o4755 }]],
		['with nothing in it', () => []],
		['with a million names that nobody said', () => manyEntries(5000)],
	])('%s is refused', async (_, entries) => {
		for (const step of [1, 511, 65_536]) {
			const archive = rawTar(entries(outside));
			if (step === 1 && archive.length > 10_000) continue;
			expect(await attempt(honest(), archive, step)).toMatchObject({ code: REFUSED });
		}
	});

	it('that is longer than its manifest explains is refused, though all that comes is padding', async () => {
		const endless = rawTar([
			...Array.from({ length: 8 }, () => ({ ...pax('x', {}), content: Buffer.alloc(300_000) })),
		]);
		expect(await attempt(honest(), endless)).toMatchObject({ code: 'protocol' });
		expect(await attempt(honest(), Buffer.alloc(3_000_000))).toMatchObject({ code: 'protocol' });
	});

	it('cannot write through a symbolic link, nor link to one', async () => {
		const through = [
			uncheckedManifest([link('a', '../../outside'), file('a/canary', 'hello')]),
			uncheckedManifest([link('a', '.'), file('a/hello', 'hello')]),
			uncheckedManifest([file('a', 'hello', 0o777), link('b', '/etc/passwd'), hardLink('c', 'b', 0o777)]),
		];
		for (const manifest of through) {
			const entries = manifest.entries.map(rawEntry);
			expect(await attempt(manifest, rawTar(entries))).toMatchObject({ code: 'protocol' });
		}
	});

	it('has a hard link only after its file, and to no other', async () => {
		const manifest = makeManifest([file('a', 'hello'), file('b', 'hello'), hardLink('c', 'a')]);
		const [a, b, c] = manifest.entries.map(rawEntry) as [RawEntry, RawEntry, RawEntry];
		expect(await attempt(manifest, rawTar([b, a, c]))).toMatchObject({ tree: { '/c': { first: 'a' } } });
		for (const entries of [
			[c, a, b],
			[a, b, { ...c, target: 'b' }],
			[a, b, { ...c, target: '../../outside/canary' }],
			[a, b, pax('x', { linkpath: join(outside, 'canary') }), c],
			[a, b, { ...c, type: '2' }],
			[a, b, { ...c, type: '0', content: 'hello' }],
			[a, b, { ...c, size: 5, content: 'HELLO' }],
		]) {
			expect(await attempt(manifest, rawTar(entries))).toMatchObject({ code: 'protocol' });
		}
	});
});

/** Scaled down from a million. */
function manyEntries(count: number): readonly RawEntry[] {
	return Array.from({ length: count }, (_, index) => ({ name: String(index), type: '0' }));
}

function rawEntry({ path, type, mode, target }: ContextEntry): RawEntry {
	const types = { file: '0', link: '1', symlink: '2', directory: '5' } as const;
	return {
		name: path,
		type: types[type],
		mode,
		...(target === undefined ? {} : { target }),
		...(type === 'file' ? { content: 'hello' } : {}),
	};
}

const place = fc.constantFrom(
	'a',
	'b',
	'a/b',
	'a/b/c',
	'a/../b',
	'..',
	'../x',
	'../../outside/canary',
	'/etc/passwd',
	'a//b',
	'a/',
	'./a',
	'.',
	'/',
	'',
	'a\0b',
	'c',
);
const anyEntry: fc.Arbitrary<RawEntry> = fc.record(
	{
		name: place,
		type: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', 'x', 'g', 'L', 'K', '\0', 'Z'),
		mode: fc.constantFrom(0o644, 0o755, 0o777, 0o4755),
		target: place,
		size: fc.oneof(fc.constantFrom(0, 5, 512, 2 ** 33, -1, -512), fc.nat({ max: 2000 })),
		content: fc.oneof(
			fc.constantFrom('hello', '', 'x'.repeat(700)),
			fc
				.tuple(fc.constantFrom('path', 'linkpath', 'size', 'mode', '__proto__'), place)
				.map(([key, value]) => paxRecord(key, value)),
			fc.uint8Array({ maxLength: 1500 }),
		),
		format: fc.constantFrom('ustar' as const, 'gnu' as const),
	},
	{ requiredKeys: ['name', 'type'] },
);
const anyManifestEntry: fc.Arbitrary<ContextEntry> = fc.oneof(
	place.map((path) => file(path, 'hello')),
	place.map((path) => directory(path)),
	fc.tuple(place, place).map(([path, target]) => link(path, target)),
	fc.tuple(place, place).map(([path, target]) => hardLink(path, target)),
);

describe('whatever comes', () => {
	it('any manifest with its own archive, and with any other, does no harm', { timeout: 60_000 }, async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.uniqueArray(anyManifestEntry, { maxLength: 5, selector: ({ path }) => path }),
				fc.array(anyEntry, { maxLength: 6 }),
				fc.boolean(),
				async (entries, others, own) => {
					const manifest = uncheckedManifest(entries);
					const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
					const result = await attempt(manifest, rawTar(own ? [...sorted.map(rawEntry), ...others] : others));
					if (result.tree === undefined) expect(result.code).toEqual(REFUSED);
					else expect(Object.keys(result.tree).length).toBeGreaterThanOrEqual(entries.length);
				},
			),
			{ numRuns: 600 },
		);
	});

	it('an honest archive that was tampered with is refused, or changes nothing', {
		timeout: 60_000,
	}, async () => {
		const tampering = fc.oneof(
			fc.record({ how: fc.constant('flip' as const), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }),
			fc.record({ how: fc.constant('cut' as const), at: fc.nat(), bits: fc.constant(0) }),
			fc.record({ how: fc.constant('repeat' as const), at: fc.nat(), bits: fc.integer({ min: 1, max: 8 }) }),
			fc.record({
				how: fc.constant('garbage' as const),
				at: fc.nat(),
				bits: fc.integer({ min: 1, max: 255 }),
			}),
		);
		await fc.assert(
			fc.asyncProperty(
				randomTree,
				fc.array(tampering, { minLength: 1, maxLength: 3 }),
				async (tree, changes) => {
					const source = join(base, `source-${number++}`);
					await mkdir(source);
					try {
						await makeTree(source, tree);
						const context = directoryContext({ root: source });
						const manifest = await context.manifest();
						let archive: Buffer = Buffer.from(await collect(context.archive()));
						for (const change of changes) archive = tamper(archive, change);
						const result = await attempt(manifest, archive);
						if (result.tree === undefined) expect(result.code).toEqual(REFUSED);
						else expect(result.tree).toEqual(await describeTree(source));
					} finally {
						removeTree(source);
					}
				},
			),
			{ numRuns: 120 },
		);
	});
});

function tamper(
	archive: Buffer,
	{ how, at, bits }: { how: 'flip' | 'cut' | 'repeat' | 'garbage'; at: number; bits: number },
): Buffer {
	const place = at % (archive.length + 1);
	const block = Math.floor(place / 512) * 512;
	const [before, behind] = [archive.subarray(0, block), archive.subarray(block)];
	if (how === 'cut') return archive.subarray(0, place);
	if (how === 'repeat') return Buffer.concat([before, behind.subarray(0, 512 * bits), behind]);
	if (how === 'garbage') return Buffer.concat([before, Buffer.alloc(512, bits), behind]);
	const changed = Buffer.from(archive);
	if (place < changed.length) changed[place] = (changed[place] ?? 0) ^ bits;
	return changed;
}

describe('a frame', () => {
	it('that unpacks without end is refused, in one piece or in many', async () => {
		const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
		const small = gzipSync(Buffer.alloc(2 ** 20));
		const before = process.memoryUsage().rss;
		for (const frame of [bomb, Buffer.concat(Array.from({ length: 2000 }, () => small))]) {
			expect(frame.length).toBeLessThan(3 * 2 ** 20);
			await expect(decodeFrame('gzip', frame)).rejects.toMatchObject({ code: 'protocol' });
		}
		expect(process.memoryUsage().rss - before).toBeLessThan(512 * 2 ** 20);
	});

	it('of any bytes is refused, or is what was packed', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.uint8Array({ maxLength: 300 }),
				fc.nat(),
				fc.nat({ max: 255 }),
				async (bytes, at, bits) => {
					const frame = gzipSync(bytes);
					frame[at % frame.length] = (frame[at % frame.length] ?? 0) ^ bits;
					const decoded = await decodeFrame('gzip', frame).catch((error: unknown) => {
						expect(error).toMatchObject({ code: 'protocol' });
					});
					if (decoded) expect(Buffer.from(decoded).equals(bytes)).toBe(true);
				},
			),
		);
	});
});
