import { type Deferred, deferred } from '../../concurrency/deferred.js';
import type { Hold, Json, Store } from '../../spec/index.js';

const HOLD_TTL_MS = 30_000;

/** What is to be written; a function is asked when it is about to be. Undefined: nothing is to be there. */
type Entry = Json | (() => Json) | undefined;

/** One key of the store: what it is to be next, and the write that is under way. */
interface Page {
	version: number | null;
	writing: Promise<void> | undefined;
	next: { readonly value: Entry; readonly done: Deferred<void> } | undefined;
}

/**
 * What one queue writes to its store: it alone, as long as it holds the owner's name. Writes of a key go one after
 * the other; of those that wait, only the last is made.
 */
export class Ledger {
	readonly #store: Store;
	readonly #owner: string;
	readonly #pages = new Map<string, Page>();
	#holding: Promise<Hold> | undefined;
	#lost = false;

	constructor(store: Store, owner: string) {
		this.#store = store;
		this.#owner = owner;
	}

	/** Becomes the one queue of this owner; waits while another process is. `onLost`: another one is now. */
	async open(signal: AbortSignal, onLost: () => void): Promise<void> {
		const holding = this.#holding ?? this.#store.acquire(this.#key('hold'), { ttlMs: HOLD_TTL_MS, signal });
		this.#holding = holding;
		try {
			const hold = await holding;
			void hold.lost.then(() => {
				if (this.#holding !== holding || this.#lost) return;
				this.#lost = true;
				onLost();
			});
		} catch (error) {
			this.#holding = undefined;
			throw error;
		}
	}

	/** What was written before under a prefix; to be read before anything of it is written. */
	async *read(prefix: string): AsyncIterable<readonly [string, Json]> {
		const start = this.#key(prefix);
		for await (const [key, { value, version }] of this.#store.list(start)) {
			this.#pages.set(key, { version, writing: undefined, next: undefined });
			yield [key.slice(start.length), value];
		}
	}

	/** Resolves when it is durable. Rejects with `store-conflict` where this process is not the owner's queue any more. */
	write(key: string, value: Json | (() => Json)): Promise<void> {
		return this.#enter(this.#key(key), value);
	}

	/** The same for nothing: strikes it out. */
	erase(key: string): Promise<void> {
		return this.#enter(this.#key(key), undefined);
	}

	/** Lets another process be the queue of this owner, once all is written. Idempotent. */
	async close(): Promise<void> {
		const holding = this.#holding;
		await Promise.all([...this.#pages.values()].map(({ writing }) => writing));
		this.#holding = undefined;
		await (await holding)?.release();
	}

	#enter(key: string, value: Entry): Promise<void> {
		const page = this.#pages.get(key) ?? { version: null, writing: undefined, next: undefined };
		this.#pages.set(key, page);
		const done = page.next?.done ?? deferred();
		page.next = { value, done };
		page.writing ??= this.#writeAll(key, page);
		return done.promise;
	}

	/** Never rejects. */
	async #writeAll(key: string, page: Page): Promise<void> {
		for (let { next } = page; next !== undefined; next = page.next) {
			page.next = undefined;
			await this.#writeOne(key, page, next.value).then(next.done.resolve, next.done.reject);
		}
		page.writing = undefined;
		if (page.version === null) this.#pages.delete(key);
	}

	async #writeOne(key: string, page: Page, entry: Entry): Promise<void> {
		if (this.#holding === undefined) throw new TypeError('the ledger is not open');
		const { fence } = await this.#holding;
		const { version } = page;
		const value = typeof entry === 'function' ? entry() : entry;
		if (value !== undefined) page.version = await this.#store.put(key, value, { ifVersion: version, fence });
		else if (version !== null) {
			await this.#store.delete(key, { ifVersion: version, fence });
			page.version = null;
		}
	}

	#key(key: string): string {
		return `queue/${this.#owner}/${key}`;
	}
}
