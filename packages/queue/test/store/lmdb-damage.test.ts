import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isContainerBuilderError } from '@olcf/container-builder-core';
import { open as openLmdb } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { lmdbStore } from '../../src/index.js';
import { storeDirectories } from './store-directories.js';
import { storeProcesses } from './store-processes.js';

const newDirectory = storeDirectories();
const { start } = storeProcesses();

/** A store with 300 records, closed. */
async function filled(): Promise<{ directory: string; file: string; used: number }> {
	const directory = await newDirectory();
	const store = lmdbStore({ directory });
	const { fence } = await store.acquire('name', { ttlMs: 600_000 });
	for (let n = 0; n < 3; n++) {
		const puts = Array.from({ length: 100 }, (_, index) =>
			store.put(`${n}/${index}`, 'x'.repeat(index * 100), { ifVersion: null, fence }),
		);
		await Promise.all(puts);
	}
	await store.close?.();
	const file = join(directory, 'store.mdb');
	// The last page that LMDB's newer head counts.
	const head = await readFile(file);
	const pages = [head.readBigUInt64LE(144), head.readBigUInt64LE(4096 + 144)].map(Number);
	return { directory, file, used: (Math.max(...pages) + 1) * 4096 };
}

async function failure(doing: Promise<unknown>): Promise<string> {
	const error = await doing.then(
		() => undefined,
		(caught: unknown) => caught,
	);
	return isContainerBuilderError(error) ? `${error.code}: ${error.message} ${error.hint}` : String(error);
}

describe('the store of LMDB, with a damaged file,', () => {
	// In processes of their own: what is not noticed ends a process with SIGBUS or SIGSEGV.
	const damages: [what: string, damage: (file: string, used: number) => Promise<void>][] = [
		['that is empty', (file) => truncate(file, 0)],
		['that has a few bytes', (file) => truncate(file, 100)],
		['that has one page', (file) => truncate(file, 4096)],
		['that has its heads only', (file) => truncate(file, 8192)],
		['that was cut in half', (file, used) => truncate(file, used / 2)],
		['whose last page is missing', (file, used) => truncate(file, used - 4096)],
		['whose last byte is missing', (file, used) => truncate(file, used - 1)],
		['that is noise', (file) => writeFile(file, randomBytes(500_000))],
		['that is zeros', (file) => writeFile(file, new Uint8Array(500_000))],
		['that is a text', (file) => writeFile(file, '{"not":"a store"}\n'.repeat(10_000))],
		['whose first head is noise', (file) => overwrite(file, 0, randomBytes(4096))],
		['whose second head is noise', (file) => overwrite(file, 4096, randomBytes(4096))],
		['whose records are zeros', (file, used) => overwrite(file, 8192, new Uint8Array(used - 8192))],
	];

	it.each(damages)('%s, says so and leaves it as it is', async (_, damage) => {
		const { directory, file, used } = await filled();
		await damage(file, used);
		const before = await readFile(file);
		const process = start('read', directory);
		expect((await process.next('outcome')).outcome).toMatch(/^invalid-option: the store .* is damaged: /);
		expect(await process.ended).toBe(0);
		expect((await readFile(file)).equals(before)).toBe(true);
	});

	it('that lacks only what was never used, reads all', async () => {
		const { directory, file, used } = await filled();
		await truncate(file, used);
		const process = start('read', directory);
		expect((await process.next('outcome')).outcome).toBe('done');
		expect(await process.ended).toBe(0);
		expect(process.messages.filter((message) => 'key' in message)).toHaveLength(300);
	});

	it('is used again once the file is back', async () => {
		const { directory, file } = await filled();
		await copyFile(file, `${file}.backup`);
		await writeFile(file, 'oops');
		const store = lmdbStore({ directory });
		expect(await failure(store.get('0/1'))).toMatch(/^invalid-option: .*Put a backup in its place/);
		await copyFile(`${file}.backup`, file);
		expect((await store.get('0/1'))?.value).toBe('x'.repeat(100));
		await store.close?.();
	});
});

describe('the store of LMDB refuses', () => {
	async function withFormat(format: string | undefined): Promise<string> {
		const { directory, file } = await filled();
		const database = openLmdb({
			path: file,
			noSubdir: true,
			encoding: 'binary',
			keyEncoding: 'binary',
			overlappingSync: false,
		});
		const key = Buffer.of(0);
		await (format === undefined ? database.remove(key) : database.put(key, Buffer.from(format)));
		await database.close();
		return failure(lmdbStore({ directory }).get('a'));
	}

	it('a file of a later version', async () => {
		expect(await withFormat('{"format":2}')).toMatch(
			/^invalid-option: .* has a format, 2, that .* Use the version that wrote it/,
		);
	});

	it("another program's file", async () => {
		expect(await withFormat(undefined)).toMatch(/^invalid-option: .* not a store of container-builder/);
	});

	it('a directory that cannot be made, or is a file', async () => {
		const file = join(await newDirectory(), '..', 'file');
		await writeFile(file, '');
		expect(await failure(lmdbStore({ directory: file }).get('a'))).toMatch(/^invalid-option: /);
		const below = lmdbStore({ directory: join(file, 'below') });
		expect(await failure(below.get('a'))).toMatch(/^invalid-option: .* cannot be made/);
	});

	it('a directory that others can look into', async () => {
		const directory = await newDirectory();
		await mkdir(directory, { mode: 0o700 });
		await chmod(directory, 0o750);
		expect(await failure(lmdbStore({ directory }).get('a'))).toMatch(/^invalid-option: .*chmod 700/);
		await chmod(directory, 0o700);
		const linked = `${directory}-link`;
		await symlink(directory, linked);
		const stores = [lmdbStore({ directory }), lmdbStore({ directory: linked })];
		for (const store of stores) expect(await store.get('a')).toBeUndefined();
		for (const store of stores) await store.close?.();
	});

	it('keys that LMDB cannot have', async () => {
		const store = lmdbStore({ directory: await newDirectory() });
		const { fence } = await store.acquire('n'.repeat(1976), { ttlMs: 600_000 });
		const write = { ifVersion: null, fence };
		await store.put('k'.repeat(1976), 1, write);
		expect((await store.get('k'.repeat(1976)))?.value).toBe(1);
		for await (const [key] of store.list('', { after: 'k'.repeat(1975) })) expect(key).toHaveLength(1976);
		const long = /^invalid-option: .* 1976 bytes of UTF-8, not 1977/;
		expect(await failure(store.put('k'.repeat(1977), 1, write))).toMatch(long);
		expect(await failure(store.get(`${'ä'.repeat(988)}k`))).toMatch(long);
		expect(await failure(store.acquire('n'.repeat(1977), { ttlMs: 1 }))).toMatch(long);
		expect(await failure(store.put('\ud800', 1, write))).toMatch(/^invalid-option: .*well-formed/);
		await store.close?.();
	});

	it('all but JSON, and times that are none', async () => {
		const store = lmdbStore({ directory: await newDirectory() });
		const { fence } = await store.acquire('name', { ttlMs: 600_000 });
		const nothing = undefined as unknown as null;
		await expect(store.put('a', nothing, { ifVersion: null, fence })).rejects.toThrow(TypeError);
		for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
			await expect(store.acquire('other', { ttlMs })).rejects.toThrow(TypeError);
		}
		expect(() => lmdbStore({ directory: '' })).toThrow(TypeError);
		await store.close?.();
	});

	it('everything once it is closed', async () => {
		const store = lmdbStore({ directory: await newDirectory() });
		const hold = await store.acquire('name', { ttlMs: 600_000 });
		await store.close?.();
		await hold.lost;
		const closed = { code: 'queue-closed' };
		await expect(store.get('a')).rejects.toMatchObject(closed);
		await expect(store.acquire('name', { ttlMs: 1 })).rejects.toMatchObject(closed);
		await expect(store.list('')[Symbol.asyncIterator]().next()).rejects.toMatchObject(closed);
	});
});

async function overwrite(file: string, position: number, bytes: Uint8Array): Promise<void> {
	const content = await readFile(file);
	content.set(bytes, position);
	await writeFile(file, content);
}
