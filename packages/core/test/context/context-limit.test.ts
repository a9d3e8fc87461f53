import { link, mkdir, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
	DEFAULT_CONTEXT_LIMIT,
	definitionContext,
	directoryContext,
	parseDefinition,
} from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const GIBIBYTE = 2 ** 30;

/** Files of these sizes that take no room. */
async function tree(files: Readonly<Record<string, number>>): Promise<string> {
	const root = await temporaryDirectory();
	for (const [path, size] of Object.entries(files)) {
		await mkdir(dirname(join(root, path)), { recursive: true });
		await writeFile(join(root, path), '');
		await truncate(join(root, path), size);
	}
	return root;
}

// Were they read, it would take hours.
test('what is too large is told before anything is read, with what makes it large', async () => {
	const root = await tree({
		'data/one.bin': 900 * GIBIBYTE,
		'data/two.bin': 1023 * GIBIBYTE,
		'weights/a': 300 * GIBIBYTE,
		'weights/b': 300 * GIBIBYTE,
		'base.sif': 700 * GIBIBYTE,
		'notes.md': 100,
	});
	await expect(directoryContext({ root }).manifest()).rejects.toMatchObject({
		code: 'size-limit',
		kind: 'limit',
		message:
			'the context has 3.1 TiB, and may have 10 GiB; largest: data/ (1.9 TiB), base.sif (700 GiB), weights/ (600 GiB)',
		hint: 'Take what is not needed out of the directory, or raise --context-limit.',
		details: { size: 3223 * GIBIBYTE + 100, limit: DEFAULT_CONTEXT_LIMIT },
	});
	const { definition } = parseDefinition('Bootstrap: scratch\n%files\n  weights /\n  notes.md /\n');
	const limit = 400 * GIBIBYTE;
	await expect(definitionContext({ definition, directory: root, limit })?.manifest()).rejects.toMatchObject({
		code: 'size-limit',
		message:
			'the context has 600 GiB, and may have 400 GiB; largest: weights/a (300 GiB), weights/b (300 GiB)',
		hint: expect.stringContaining('Name the files'),
	});
});

test('the limit itself is allowed, and a hard link counts nothing', async () => {
	const root = await tree({ a: 600, b: 424 });
	await link(join(root, 'a'), join(root, 'c'));
	expect((await directoryContext({ root, limit: 1024 }).manifest()).size).toBe(1024);
	await expect(directoryContext({ root, limit: 1023 }).manifest()).rejects.toMatchObject({
		message: 'the context has 1 KiB, and may have 1023 bytes; largest: a (600 bytes), b (424 bytes)',
	});
	expect((await directoryContext({ root, limit: Number.POSITIVE_INFINITY }).manifest()).size).toBe(1024);
	expect((await directoryContext({ root, limit: 0, paths: [] }).manifest()).size).toBe(0);
});

test('a limit that is none is a mistake of the program', () => {
	for (const limit of [-1, Number.NaN]) {
		expect(() => directoryContext({ root: '/', limit })).toThrow(TypeError);
	}
});
