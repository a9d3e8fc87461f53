import { closeSync } from 'node:fs';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { reserve } from './data-file.js';
import { type OpenDatabase, openDatabase } from './open-database.js';
import { damagedStore, otherFormat, storeFailure } from './store-failure.js';
import { encodeKey } from './store-keys.js';
import { STORE_FORMAT, type StorePage, StoreTransaction } from './store-transaction.js';

/** Operations that share one transaction, at most. */
const BATCH = 1_000;

interface Operation {
	/** That it may add to the file. */
	readonly bytes: number;
	run(transaction: StoreTransaction): unknown;
	resolve(result: unknown): void;
	reject(reason: unknown): void;
}

/**
 * LMDB's file in one process. Everything, also what only reads, happens in transactions that have the file to
 * themselves: what is read is the newest, and no reader is entered in LMDB's table, which takes processes of several
 * containers for the same one, and lets the file grow while one of them stands still. What is asked for while a
 * transaction goes on shares the next one, and its one write to the disk.
 */
export class StoreEnvironment {
	readonly #path: string;
	readonly #open: OpenDatabase;
	readonly #waiting: Operation[] = [];
	#running: Promise<void> | undefined;
	#closed = false;

	private constructor(path: string, open: OpenDatabase) {
		this.#path = path;
		this.#open = open;
	}

	/** Reads everything once: what is damaged is told now, not in the middle of a build. */
	static async open(path: string): Promise<StoreEnvironment> {
		const environment = new StoreEnvironment(path, await openDatabase(path));
		try {
			await environment.#readAll();
			return environment;
		} catch (error) {
			await environment.close();
			throw error;
		}
	}

	/**
	 * Runs `operation` while no other process reads or writes; resolves with its result when what it wrote is on the
	 * disk. It must not write before it throws: others share its transaction.
	 */
	transact<T>(operation: (transaction: StoreTransaction) => T, bytes = 0): Promise<T> {
		if (this.#closed) return Promise.reject(new ContainerBuilderError('queue-closed', 'the store is closed'));
		return new Promise((resolve, reject) => {
			this.#waiting.push({
				bytes,
				run: operation,
				resolve: (result) => resolve(result as T),
				reject: (reason) => void storeFailure(this.#path, reason).then(reject),
			});
			this.#running ??= this.#run();
		});
	}

	/** Ends when what was asked for is done. */
	async close(): Promise<void> {
		this.#closed = true;
		await this.#running;
		await this.#open.database.close();
		closeSync(this.#open.descriptor);
	}

	async #readAll(): Promise<void> {
		const format = await this.transact((transaction) => transaction.format());
		if (format === undefined) throw damagedStore(this.#path, 'it is not a store of container-builder');
		if (format !== STORE_FORMAT) throw otherFormat(this.#path, format);
		const all = encodeKey('record');
		for (let page: StorePage | undefined, after: Buffer | undefined; page?.more !== false; ) {
			page = await this.transact((transaction) => transaction.page(all, after));
			after = encodeKey('record', page.entries.at(-1)?.[0]);
		}
	}

	async #run(): Promise<void> {
		while (this.#waiting.length > 0) await this.#runBatch();
		this.#running = undefined;
	}

	async #runBatch(): Promise<void> {
		const { database, descriptor } = this.#open;
		let batch: Operation[] = [];
		const failures = new Map<Operation, unknown>();
		try {
			const results = await database.transaction(() => {
				batch = this.#waiting.splice(0, BATCH);
				const bytes = batch.reduce((sum, operation) => sum + operation.bytes, 0);
				reserve(descriptor, batch.length, bytes);
				const transaction = new StoreTransaction(database);
				const done = batch.map((operation) => {
					try {
						return operation.run(transaction);
					} catch (error) {
						failures.set(operation, error);
						return undefined;
					}
				});
				transaction.finish();
				return done;
			});
			for (const [index, operation] of batch.entries()) {
				if (failures.has(operation)) operation.reject(failures.get(operation));
				else operation.resolve(results[index]);
			}
		} catch (error) {
			const reason = await storeFailure(this.#path, error);
			// Where the transaction could not even begin, nobody would be told.
			if (batch.length === 0) batch = this.#waiting.splice(0);
			for (const operation of batch) operation.reject(failures.get(operation) ?? reason);
		}
	}
}
