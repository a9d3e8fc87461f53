import type { Hold, Json, Store } from '../spec/index.js';

const HOLD_TTL_MS = 30_000;

/**
 * What is written down of builders: each before its machine is made, until it is gone, so that a queue that starts
 * again knows what it had.
 */
export class BuilderJournal {
	readonly #store: Store;
	readonly #owner: string;
	readonly #versions = new Map<string, number>();
	#holding: Promise<Hold> | undefined;

	constructor(store: Store, owner: string) {
		this.#store = store;
		this.#owner = owner;
	}

	/** Becomes the one queue of this owner; waits while another process is. */
	async open(signal: AbortSignal): Promise<void> {
		this.#holding ??= this.#store.acquire(`queue/${this.#owner}`, { ttlMs: HOLD_TTL_MS, signal });
		try {
			await this.#holding;
		} catch (error) {
			this.#holding = undefined;
			throw error;
		}
	}

	/** Writes down that a machine is about to be made. */
	async intend(builderId: string, record: Json): Promise<void> {
		const key = this.#key(builderId);
		const fence = await this.#fence();
		this.#versions.set(builderId, await this.#store.put(key, record, { ifVersion: null, fence }));
	}

	/** Strikes out a builder that is gone. */
	async forget(builderId: string): Promise<void> {
		const ifVersion = this.#versions.get(builderId);
		if (ifVersion === undefined) return;
		this.#versions.delete(builderId);
		await this.#store.delete(this.#key(builderId), { ifVersion, fence: await this.#fence() });
	}

	/** Lets another process be the queue of this owner. Idempotent. */
	async close(): Promise<void> {
		const holding = this.#holding;
		this.#holding = undefined;
		await (await holding)?.release();
	}

	async #fence(): Promise<number> {
		if (this.#holding === undefined) throw new TypeError('the journal is not open');
		return (await this.#holding).fence;
	}

	#key(builderId: string): string {
		return `builder/${this.#owner}/${builderId}`;
	}
}
