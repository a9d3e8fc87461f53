import type { Versioned } from '@olcf/container-builder-core';
import { decodeHold, encodeHold, type HoldRecord } from './hold-record.js';
import type { LmdbDatabase } from './lmdb-database.js';
import { decodeRecord, decodeVersion, setVersion } from './record-codec.js';
import { decodeKey, encodeKey, keyBehindPrefix } from './store-keys.js';

/** A page of a list is full at so many records, or at so many bytes. */
const PAGE_RECORDS = 256;
const PAGE_BYTES = 2 ** 20;

const FORMAT_KEY = encodeKey('format');
const COUNTERS = encodeKey('counters');
const HOLDS = encodeKey('hold');

/** Of keys and values in the file; a store of another one is refused. */
export const STORE_FORMAT = 1;

/** Some records in the order of their keys. */
export interface StorePage {
	readonly entries: readonly (readonly [string, Versioned])[];
	/** Whether there may be more behind the last one. */
	readonly more: boolean;
}

/** What can be done while this process has the file to itself: nothing that is read here can change before it is written. */
export class StoreTransaction {
	readonly #database: LmdbDatabase;
	#counters: { version: number; fence: number } | undefined;
	#countersChanged = false;
	#fences: Set<number> | undefined;

	constructor(database: LmdbDatabase) {
		this.#database = database;
	}

	/** Undefined in a file that is no store. */
	format(): number | undefined {
		const encoded = this.#database.getBinary(FORMAT_KEY);
		return encoded === undefined ? undefined : (JSON.parse(encoded.toString()) as { format: number }).format;
	}

	putFormat(): void {
		this.#database.put(FORMAT_KEY, Buffer.from(JSON.stringify({ format: STORE_FORMAT })));
	}

	record(key: Buffer): Versioned | undefined {
		const encoded = this.#database.getBinary(key);
		return encoded === undefined ? undefined : decodeRecord(encoded);
	}

	version(key: Buffer): number | null {
		const encoded = this.#database.getBinary(key);
		return encoded === undefined ? null : decodeVersion(encoded);
	}

	/** Takes what `encodeValue` gave. Versions are never used again, not even for a key that was deleted. */
	putRecord(key: Buffer, encoded: Buffer): number {
		const version = ++this.#count().version;
		setVersion(encoded, version);
		this.#database.put(key, encoded);
		return version;
	}

	removeRecord(key: Buffer): void {
		this.#database.remove(key);
	}

	/** Records whose keys begin with `prefix`, from the one behind `after`. */
	page(prefix: Buffer, after: Buffer | undefined): StorePage {
		const entries: (readonly [string, Versioned])[] = [];
		const behind = after !== undefined && Buffer.compare(after, prefix) >= 0;
		const start = behind ? Buffer.concat([after, Buffer.of(0)]) : prefix;
		let bytes = 0;
		for (const { key, value } of this.#database.getRange({ start, end: keyBehindPrefix(prefix) })) {
			entries.push([decodeKey(key), decodeRecord(value)]);
			bytes += value.byteLength;
			if (entries.length >= PAGE_RECORDS || bytes >= PAGE_BYTES) return { entries, more: true };
		}
		return { entries, more: false };
	}

	hold(name: Buffer): HoldRecord | undefined {
		const encoded = this.#database.getBinary(name);
		return encoded === undefined ? undefined : decodeHold(encoded);
	}

	putHold(name: Buffer, record: HoldRecord): void {
		this.#fences = undefined;
		this.#database.put(name, encodeHold(record));
	}

	removeHold(name: Buffer): void {
		this.#fences = undefined;
		this.#database.remove(name);
	}

	/** Whether somebody holds something with this fence. */
	isHeld(fence: number): boolean {
		this.#fences ??= this.#readFences();
		return this.#fences.has(fence);
	}

	/** Never used before, by no process. */
	nextFence(): number {
		return ++this.#count().fence;
	}

	/** The last thing to be called: writes down what was counted. */
	finish(): void {
		if (!this.#countersChanged || this.#counters === undefined) return;
		const encoded = Buffer.allocUnsafeSlow(12);
		encoded.writeUIntBE(this.#counters.version, 0, 6);
		encoded.writeUIntBE(this.#counters.fence, 6, 6);
		this.#database.put(COUNTERS, encoded);
	}

	#count(): { version: number; fence: number } {
		this.#countersChanged = true;
		if (this.#counters === undefined) {
			const encoded = this.#database.getBinary(COUNTERS);
			this.#counters =
				encoded === undefined
					? { version: 0, fence: 0 }
					: { version: encoded.readUIntBE(0, 6), fence: encoded.readUIntBE(6, 6) };
		}
		return this.#counters;
	}

	#readFences(): Set<number> {
		const fences = new Set<number>();
		for (const { value } of this.#database.getRange({ start: HOLDS, end: keyBehindPrefix(HOLDS) })) {
			fences.add(decodeHold(value).fence);
		}
		return fences;
	}
}
