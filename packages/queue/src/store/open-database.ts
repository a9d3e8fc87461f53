import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { access, link, open as openFile, rm } from 'node:fs/promises';
import { constants as system } from 'node:os';
import { dirname, join } from 'node:path';
import { ContainerBuilderError, sleep } from '@olcf/container-builder-core';
import { checkLength, reserve } from './data-file.js';
import type { LmdbDatabase } from './lmdb-database.js';
import { damagedStore, storeFailure } from './store-failure.js';
import { StoreTransaction } from './store-transaction.js';

const TRIES = 20;

/** LMDB's file, open. */
export interface OpenDatabase {
	readonly database: LmdbDatabase;
	/** The same file. Closing it takes no lock away: those are on another one. */
	readonly descriptor: number;
}

/** Opens the file, which is made where it is missing; rejects with `invalid-option` where it is damaged. */
export async function openDatabase(path: string): Promise<OpenDatabase> {
	let descriptor: number | undefined;
	try {
		if (!(await exists(path))) await create(path);
		await syncDirectory(dirname(path));
		// The one above may be nobody's to open, and has been there for long then.
		await syncDirectory(dirname(dirname(path))).catch(() => {});
		descriptor = openSync(path, constants.O_RDWR);
		await check(path, descriptor);
		return { database: await open(path), descriptor };
	} catch (error) {
		if (descriptor !== undefined) closeSync(descriptor);
		throw await storeFailure(path, error);
	}
}

/**
 * A whole file appears at once, however the process ends: one that is empty or cut off is then never one that was
 * just being made.
 */
async function create(path: string): Promise<void> {
	const draft = join(dirname(path), `draft-${randomBytes(8).toString('hex')}.mdb`);
	try {
		await fill(draft);
		await link(draft, path);
	} catch (error) {
		// Another process may have been faster.
		if (!(await exists(path))) throw error;
	} finally {
		await rm(draft, { force: true });
		await rm(`${draft}-lock`, { force: true });
	}
}

/** Makes an empty store. */
async function fill(path: string): Promise<void> {
	const database = await open(path);
	try {
		await database.transaction(() => new StoreTransaction(database).putFormat());
	} finally {
		await database.close();
	}
	const descriptor = openSync(path, constants.O_RDWR);
	try {
		reserve(descriptor, 0, 0);
	} finally {
		closeSync(descriptor);
	}
}

/** While another process writes the head, it may be read half. */
async function check(path: string, descriptor: number): Promise<void> {
	for (let tries = 3; ; tries--) {
		try {
			return checkLength(descriptor);
		} catch (error) {
			if (tries <= 1) throw damagedStore(path, error instanceof Error ? error.message : String(error));
			await sleep(50);
		}
	}
}

/**
 * Who closes LMDB's file as the last one takes its locks away, also from under a process that is just opening it; then
 * this one has to close it too and to begin again.
 */
async function open(path: string): Promise<LmdbDatabase> {
	const { openAsClass } = await loadLmdb();
	for (let tries = TRIES; ; tries--) {
		const Database = openAsClass({
			path,
			noSubdir: true,
			permissionsMode: 0o600,
			// A transaction is on the disk when it is resolved, in LMDB's plain way.
			overlappingSync: false,
			// With it, a commit that fails rejects a promise that nobody has.
			eventTurnBatching: false,
		} as object) as unknown as DatabaseClass;
		try {
			return new Database(null, { isRoot: true, encoding: 'binary', keyEncoding: 'binary' });
		} catch (error) {
			await Database.prototype.close.call(Object.assign(Object.create(Database.prototype), { isRoot: true }));
			const { code } = error as { readonly code?: unknown };
			if (code !== system.errno.EINVAL || tries <= 1) throw error;
			await sleep(10 + Math.random() * 50);
		}
	}
}

interface DatabaseClass {
	new (name: null, options: object): LmdbDatabase;
	readonly prototype: LmdbDatabase;
}

async function loadLmdb(): Promise<typeof import('lmdb')> {
	try {
		return await import('lmdb');
	} catch (error) {
		throw new ContainerBuilderError(
			'unsupported',
			`LMDB cannot be loaded on this machine (${process.platform}, ${process.arch})`,
			{
				hint: 'Where npm has no binary of it, a C++ compiler and `npm rebuild lmdb` make one.',
				cause: error,
			},
		);
	}
}

/** After a power failure, what is in the directory is there. */
async function syncDirectory(path: string): Promise<void> {
	const directory = await openFile(path, constants.O_RDONLY | constants.O_DIRECTORY);
	await directory.sync().finally(() => directory.close());
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
