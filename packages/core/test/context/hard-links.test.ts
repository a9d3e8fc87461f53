import { execFileSync } from 'node:child_process';
import { link, lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type ContextSource,
	definitionContext,
	directoryContext,
	parseDefinition,
} from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

async function told(source: ContextSource | undefined) {
	const manifest = await source?.manifest();
	return manifest?.entries.map(({ path, type, size, target }) => [path, type, size, target]);
}

async function linked(): Promise<string> {
	const root = await temporaryDirectory();
	await mkdir(join(root, 'z'));
	await writeFile(join(root, 'z/original'), 'content', { mode: 0o640 });
	await link(join(root, 'z/original'), join(root, 'z-between'));
	await link(join(root, 'z/original'), join(root, 'ä'));
	await writeFile(join(root, 'single'), 'content');
	return root;
}

test('of several names of a file the first in the manifest is the file', async () => {
	const root = await linked();
	const source = directoryContext({ root });
	// By code units: the dash comes before the slash, and ä behind all.
	expect(await told(source)).toEqual([
		['single', 'file', 7, undefined],
		['z', 'directory', 0, undefined],
		['z-between', 'file', 7, undefined],
		['z/original', 'link', 0, 'z-between'],
		['ä', 'link', 0, 'z-between'],
	]);
	const manifest = await source.manifest();
	expect(manifest.size).toBe(14);
	expect(manifest.entries.filter(({ path }) => /z.|ä/.test(path)).map(({ mode }) => mode)).toEqual([
		0o640, 0o640, 0o640,
	]);
});

test('tar makes hard links of them, with long names and names beyond ASCII too', async () => {
	const root = await linked();
	const long = `${'ü'.repeat(120)}/${'long'.repeat(60)}`;
	await mkdir(join(root, 'ü'.repeat(120)));
	await link(join(root, 'single'), join(root, long));
	await link(join(root, 'ä'), join(root, 'ü'.repeat(120), 'to ä'));
	const parts: Uint8Array[] = [];
	for await (const chunk of directoryContext({ root }).archive()) parts.push(chunk);
	const out = await temporaryDirectory();
	execFileSync('tar', ['-xf', '-', '-C', out], { input: Buffer.concat(parts) });
	expect(execFileSync('diff', ['-r', root, out], { encoding: 'utf8' })).toBe('');
	for (const names of [
		['z/original', 'z-between', 'ä', `${'ü'.repeat(120)}/to ä`],
		['single', long],
	]) {
		const stats = await Promise.all(names.map((name) => lstat(join(out, name))));
		expect(new Set(stats.map(({ ino }) => ino)).size).toBe(1);
		expect(stats[0]?.nlink).toBe(names.length);
	}
});

test('a name whose others are not sent is a file', async () => {
	const root = await linked();
	expect(await told(directoryContext({ root, paths: ['z'] }))).toEqual([
		['z', 'directory', 0, undefined],
		['z/original', 'file', 7, undefined],
	]);
});

test('they are kept where symbolic links are followed, and the latter become files of their own', async () => {
	const root = await linked();
	await symlink('../single', join(root, 'z/copy'));
	const { definition } = parseDefinition('Bootstrap: scratch\n%files\n  z /\n  single /\n  z-between /\n');
	expect(await told(definitionContext({ definition, directory: root }))).toEqual([
		['single', 'file', 7, undefined],
		['z', 'directory', 0, undefined],
		['z-between', 'file', 7, undefined],
		['z/copy', 'file', 7, undefined],
		['z/original', 'link', 0, 'z-between'],
	]);
});
