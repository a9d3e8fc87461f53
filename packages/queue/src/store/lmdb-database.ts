/** What we use of an open database of the package lmdb, with keys and values as bytes. */
export interface LmdbDatabase {
	getBinary(key: Buffer): Buffer | undefined;
	/** Within a transaction; takes effect at once. */
	put(key: Buffer, value: Buffer): unknown;
	/** Within a transaction; takes effect at once. */
	remove(key: Buffer): unknown;
	/** From `start` until before `end`. */
	getRange(range: {
		readonly start: Buffer;
		readonly end: Buffer;
	}): Iterable<{ readonly key: Buffer; readonly value: Buffer }>;
	/**
	 * Waits, in a thread, until no other process has a transaction, calls `run`, and resolves when what it did is on
	 * the disk.
	 */
	transaction<T>(run: () => T): Promise<T>;
	close(): Promise<void>;
}
