import { resolve } from 'node:path';
import {
	abortable,
	type Clock,
	ContainerBuilderError,
	type Hold,
	isContainerBuilderError,
	type Json,
	linkSignal,
	type Store,
	systemClock,
	throwIfAborted,
	type Versioned,
} from '@olcf/container-builder-core';
import { acquireHold } from './acquire-hold.js';
import { thisProcess } from './holder-process.js';
import { LmdbHold } from './lmdb-hold.js';
import { encodeValue } from './record-codec.js';
import { type SharedEnvironment, shareEnvironment } from './shared-environment.js';
import { encodeKey } from './store-keys.js';
import type { StoreTransaction } from './store-transaction.js';

/** Options of {@link lmdbStore}. */
export interface LmdbStoreOptions {
	/**
	 * Where the data are, one file of LMDB's; made with mode 0700 where it is missing. On a disk of this machine, and
	 * nobody else's: secrets are kept in it.
	 */
	readonly directory: string;
	/** @default real time */
	readonly clock?: Clock | undefined;
}

/**
 * A store on the disk of this machine, for all processes of one user that name the same directory. What a promise has
 * resolved for survives the end of the process, `kill -9` and power failures.
 *
 * Opens with the first call. Rejects with `invalid-option` where the directory cannot be used or the file is damaged or of
 * a later version, with `unsupported` where there is no LMDB for this machine, with `resource-limit` where its disk is
 * full, and with `queue-closed` after `close`, which releases what it holds. Keys may have 1976 bytes of UTF-8.
 *
 * A process that is stopped in the middle of a write keeps all others waiting, also those that want to end, until it
 * goes on or is killed.
 *
 * @throws TypeError for a directory that is an empty string
 */
export function lmdbStore(options: LmdbStoreOptions): Store {
	return new LmdbStore(options);
}

class LmdbStore implements Store {
	readonly specificationVersion = 'v1';
	readonly #directory: string;
	readonly #clock: Clock;
	readonly #closed = new AbortController();
	readonly #acquiring = new Set<Promise<unknown>>();
	readonly #holds = new Map<number, LmdbHold>();
	#opening: Promise<SharedEnvironment> | undefined;
	#closing: Promise<void> | undefined;

	constructor({ directory, clock = systemClock }: LmdbStoreOptions) {
		if (directory === '') throw new TypeError('the directory of a store must have a name');
		this.#directory = resolve(directory);
		this.#clock = clock;
	}

	async get(key: string): Promise<Versioned | undefined> {
		const encoded = encodeKey('record', key);
		const { environment } = await this.#open();
		return environment.transact((transaction) => transaction.record(encoded));
	}

	async put(
		key: string,
		value: Json,
		options: { readonly ifVersion: number | null; readonly fence: number },
	): Promise<number> {
		const encodedKey = encodeKey('record', key);
		const encodedValue = encodeValue(value);
		const { environment } = await this.#open();
		return environment.transact((transaction) => {
			this.#check(transaction, key, encodedKey, options);
			return transaction.putRecord(encodedKey, encodedValue);
		}, encodedValue.byteLength);
	}

	async delete(key: string, options: { readonly ifVersion: number; readonly fence: number }): Promise<void> {
		const encodedKey = encodeKey('record', key);
		const { environment } = await this.#open();
		return environment.transact((transaction) => {
			this.#check(transaction, key, encodedKey, options);
			transaction.removeRecord(encodedKey);
		});
	}

	async *list(
		prefix: string,
		options?: { readonly after?: string },
	): AsyncIterable<readonly [string, Versioned]> {
		const encodedPrefix = encodeKey('record', prefix);
		let after = options?.after === undefined ? undefined : encodeKey('record', options.after);
		for (;;) {
			const { environment } = await this.#open();
			const { entries, more } = await environment.transact((transaction) =>
				transaction.page(encodedPrefix, after),
			);
			yield* entries;
			const last = entries.at(-1);
			if (!more || last === undefined) return;
			after = encodeKey('record', last[0]);
		}
	}

	acquire(name: string, options: { readonly ttlMs: number; readonly signal?: AbortSignal }): Promise<Hold> {
		const acquiring = this.#acquire(name, options).finally(() => this.#acquiring.delete(acquiring));
		this.#acquiring.add(acquiring);
		return acquiring;
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #acquire(
		name: string,
		{ ttlMs, signal }: { readonly ttlMs: number; readonly signal?: AbortSignal },
	): Promise<Hold> {
		throwIfAborted(signal);
		if (!(ttlMs > 0 && ttlMs < Number.POSITIVE_INFINITY)) {
			throw new TypeError(`ttlMs must be a number of milliseconds above 0, not ${ttlMs}`);
		}
		const encodedName = encodeKey('hold', name);
		const linked = linkSignal(signal, this.#closed.signal);
		try {
			const { environment } = await abortable(this.#open(), linked.signal);
			const process = await thisProcess();
			const shared = { environment, name: encodedName, ttlMs, clock: this.#clock };
			const { fence } = await acquireHold({ ...shared, process, signal: linked.signal });
			const hold = new LmdbHold({ ...shared, fence, onEnd: () => this.#holds.delete(fence) });
			this.#holds.set(fence, hold);
			return hold;
		} catch (error) {
			const byClose = this.#closed.signal.aborted && !signal?.aborted;
			if (byClose && isContainerBuilderError(error) && error.code === 'canceled') throw closedError();
			throw error;
		} finally {
			linked.dispose();
		}
	}

	/** Throws `store-conflict`; a hold that is found to be somebody else's is told so. */
	#check(
		transaction: StoreTransaction,
		key: string,
		encodedKey: Buffer,
		{ ifVersion, fence }: { readonly ifVersion: number | null; readonly fence: number },
	): void {
		if (!transaction.isHeld(fence)) {
			this.#holds.get(fence)?.lose();
			throw new ContainerBuilderError('store-conflict', 'this process no longer holds the store');
		}
		if (transaction.version(encodedKey) !== ifVersion) {
			throw new ContainerBuilderError('store-conflict', `${key} was changed by somebody else`);
		}
	}

	#open(): Promise<SharedEnvironment> {
		if (this.#closing !== undefined) return Promise.reject(closedError());
		this.#opening ??= shareEnvironment(this.#directory).catch((error: unknown) => {
			// What was wrong may be mended by the next call.
			this.#opening = undefined;
			throw error;
		});
		return this.#opening;
	}

	async #close(): Promise<void> {
		this.#closed.abort();
		await Promise.allSettled(this.#acquiring);
		await Promise.allSettled([...this.#holds.values()].map((hold) => hold.release()));
		const shared = await this.#opening?.catch(() => undefined);
		await shared?.leave();
	}
}

function closedError(): ContainerBuilderError {
	return new ContainerBuilderError('queue-closed', 'the store is closed');
}
