import { createHash } from 'node:crypto';
import type { ContextEntry } from '@olcf/container-builder-core';
import { decodeManifest, encodeManifest, makeManifest } from '@olcf/container-builder-core/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const sha256 = 'a'.repeat(64);
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hardLink = (path: string, target: string): ContextEntry => ({
	path,
	type: 'link',
	mode: 0o644,
	size: 0,
	target,
});
const file = (path: string): ContextEntry => ({ path, type: 'file', mode: 0o644, size: 1, sha256 });

test('the canonical form is fixed', () => {
	const entries: ContextEntry[] = [
		{ target: 'b', size: 0, mode: 0o777, type: 'symlink', path: 'c' },
		file('b'),
		{ path: 'a', type: 'directory', mode: 0o755, size: 0 },
	];
	const text = `[{"path":"a","type":"directory","mode":493,"size":0},{"path":"b","type":"file","mode":420,"size":1,"sha256":"${sha256}"},{"path":"c","type":"symlink","mode":511,"size":0,"target":"b"}]`;
	expect(Buffer.from(encodeManifest(entries)).toString()).toBe(text);
	expect(makeManifest(entries)).toMatchObject({ size: 1, digest: digestOf(Buffer.from(text)) });
});

const part = fc
	.string({ minLength: 1, maxLength: 6, unit: 'grapheme' })
	.filter((text) => !/[/\0]|^\.\.?$/.test(text) && Buffer.from(text).toString() === text);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

test('sorted by code units, parents before children, whatever the order was', () => {
	fc.assert(
		fc.property(fc.uniqueArray(path, { maxLength: 20 }), (paths) => {
			const parents = paths.flatMap((each) =>
				each.split('/').map((_, at, parts) => parts.slice(0, at + 1).join('/')),
			);
			const all = [...new Set([...paths, ...parents])];
			const manifest = makeManifest(all.map(file));
			const found = manifest.entries.map((entry) => entry.path);
			expect(found).toEqual([...all].sort());
			for (const [index, each] of found.entries()) {
				const parent = each.slice(0, Math.max(each.lastIndexOf('/'), 0));
				if (parent !== '') expect(found.indexOf(parent)).toBeLessThan(index);
			}
			expect(makeManifest(all.reverse().map(file)).digest).toBe(manifest.digest);
			expect(decodeManifest(encodeManifest(manifest.entries), manifest.digest)).toEqual(manifest);
		}),
	);
});

test.each([['/abs'], ['a/../b'], ['../a'], ['a//b'], ['./a'], ['a/'], ['a\0b'], [''], ['x'.repeat(4097)]])(
	'the path %j is refused',
	(bad) => {
		expect(() => makeManifest([file(bad)])).toThrow(expect.objectContaining({ code: 'protocol' }));
	},
);

test.each([
	['twice', [file('a'), file('a')]],
	['a file without a digest', [{ ...file('a'), sha256: undefined }]],
	['a link without a target', [{ path: 'a', type: 'symlink', mode: 0o777, size: 0 }]],
	['a directory with a target', [{ path: 'a', type: 'directory', mode: 0o755, size: 0, target: 'x' }]],
	['a mode with a file type', [{ ...file('a'), mode: 0o100644 }]],
	['a negative size', [{ ...file('a'), size: -1 }]],
	['a directory of a size', [{ path: 'a', type: 'directory', mode: 0o755, size: 1 }]],
	['a hard link without a target', [file('a'), { ...hardLink('b', 'a'), target: undefined }]],
	['a hard link to nothing', [hardLink('b', 'a')]],
	['a hard link to itself', [hardLink('b', 'b')]],
	['a hard link to what comes behind', [hardLink('a', 'b'), file('b')]],
	['a hard link to a hard link', [file('a'), hardLink('b', 'a'), hardLink('c', 'b')]],
	[
		'a hard link to a symbolic link',
		[{ path: 'a', type: 'symlink', mode: 0o644, size: 0, target: 'x' }, hardLink('b', 'a')],
	],
	[
		'a hard link to a directory',
		[{ path: 'a', type: 'directory', mode: 0o644, size: 0 }, hardLink('b', 'a')],
	],
	['a hard link that leaves', [file('a'), hardLink('b', '../a')]],
	['a hard link of another mode', [file('a'), { ...hardLink('b', 'a'), mode: 0o4755 }]],
	['another type', [{ ...file('a'), type: 'device' as 'file' }]],
] satisfies [string, ContextEntry[]][])('%s is refused', (_, entries) => {
	expect(() => makeManifest(entries)).toThrow(expect.objectContaining({ code: 'protocol' }));
});

test.each([
	['wrong order', JSON.stringify([file('b'), file('a')])],
	['a field too many', JSON.stringify([{ ...file('a'), owner: 0 }])],
	['no list', '{}'],
	['no JSON', '[{'],
])('a manifest with %s is refused', (_, text) => {
	const bytes = Buffer.from(text);
	expect(() => decodeManifest(bytes, digestOf(bytes))).toThrow(expect.objectContaining({ code: 'protocol' }));
});

test('another digest is refused', () => {
	const bytes = encodeManifest([file('a')]);
	expect(() => decodeManifest(bytes, sha256)).toThrow(expect.objectContaining({ code: 'digest-mismatch' }));
});
