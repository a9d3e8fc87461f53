import { mkdir, mkdtemp, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryContext } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collect } from './support/collect.js';
import { describeTree, makeTree, randomTree, removeTree } from './support/random-tree.js';
import { unpack } from './support/unpack.js';

let base: string;
beforeEach(async () => {
	base = await mkdtemp(join(tmpdir(), 'cb-trees-'));
});
afterEach(() => removeTree(base));

let number = 0;

it('any tree arrives as it was, and its archive goes on from any byte', { timeout: 120_000 }, async () => {
	await fc.assert(
		fc.asyncProperty(
			randomTree,
			fc.integer({ min: 1, max: 100_000 }),
			fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
			async (tree, step, offsets) => {
				const directory = join(base, String(number++));
				const [source, target] = [join(directory, 'source'), join(directory, 'target')];
				await mkdir(source, { recursive: true });
				try {
					await makeTree(source, tree);
					const context = directoryContext({ root: source });
					const manifest = await context.manifest();
					const archive = await collect(context.archive());
					await unpack(target, manifest, archive, Math.max(step, Math.ceil(archive.length / 500)));
					expect(await describeTree(target)).toEqual(await describeTree(source));
					for (const offset of offsets) {
						const from = Math.floor(offset * archive.length);
						expect((await collect(context.archive({ from }))).equals(archive.subarray(from))).toBe(true);
					}
				} finally {
					removeTree(directory);
				}
			},
		),
		{ numRuns: 120 },
	);
});

it('a file that is mostly holes arrives with holes', async () => {
	const [source, target] = [join(base, 'source'), join(base, 'target')];
	await mkdir(source);
	const size = 64 * 2 ** 20;
	const path = join(source, 'sparse');
	await writeFile(path, '');
	const file = await open(path, 'r+');
	await file.write(Buffer.from('in the middle'), 0, null, size / 2 + 5000);
	await file.close();
	await truncate(path, size);
	await writeFile(join(source, 'zeros'), Buffer.alloc(1_000_000));
	await writeFile(join(source, 'full'), Buffer.alloc(100_000, 'x'));
	const context = directoryContext({ root: source });
	await unpack(target, await context.manifest(), await collect(context.archive()), 1_000_003);
	for (const name of ['sparse', 'zeros', 'full']) {
		const [sent, got] = await Promise.all([source, target].map((root) => readFile(join(root, name))));
		expect(got?.equals(sent as Buffer)).toBe(true);
	}
	const blocks = async (name: string) => (await stat(join(target, name))).blocks;
	expect((await stat(join(target, 'sparse'))).size).toBe(size);
	expect(await blocks('sparse')).toBeLessThanOrEqual(128);
	expect(await blocks('zeros')).toBe(0);
	expect(await blocks('full')).toBeGreaterThan(0);
});
