import { abortable } from '../../concurrency/abortable.js';
import { type Deferred, deferred } from '../../concurrency/deferred.js';
import { throwIfAborted } from '../../concurrency/throw-if-aborted.js';
import { ContainerBuilderError, type Hold, type Json, type Store, type Versioned } from '../../spec/index.js';

/** A store that lives as long as the process: the default of the queue within a program, and for tests. */
export function memoryStore(): Store {
	return new MemoryStore();
}

class MemoryStore implements Store {
	readonly specificationVersion = 'v1';
	readonly #entries = new Map<string, Versioned>();
	readonly #holders = new Map<string, { readonly fence: number; readonly waiting: Deferred<void>[] }>();
	#lastFence = 0;
	#lastVersion = 0;

	async get(key: string): Promise<Versioned | undefined> {
		return this.#entries.get(key);
	}

	async put(
		key: string,
		value: Json,
		options: { readonly ifVersion: number | null; readonly fence: number },
	): Promise<number> {
		this.#check(key, options);
		const version = ++this.#lastVersion;
		this.#entries.set(key, { value: structuredClone(value) as Json, version });
		return version;
	}

	async delete(key: string, options: { readonly ifVersion: number; readonly fence: number }): Promise<void> {
		this.#check(key, options);
		this.#entries.delete(key);
	}

	async *list(
		prefix: string,
		options?: { readonly after?: string },
	): AsyncIterable<readonly [string, Versioned]> {
		const after = options?.after;
		const keys = [...this.#entries.keys()]
			.filter((key) => key.startsWith(prefix) && (after === undefined || byCodePoints(key, after) > 0))
			.sort(byCodePoints);
		for (const key of keys) {
			const entry = this.#entries.get(key);
			if (entry !== undefined) yield [key, entry];
		}
	}

	async acquire(
		name: string,
		{ signal }: { readonly ttlMs: number; readonly signal?: AbortSignal },
	): Promise<Hold> {
		throwIfAborted(signal);
		const holder = this.#holders.get(name);
		if (holder !== undefined) {
			const turn = deferred();
			holder.waiting.push(turn);
			try {
				await abortable(turn.promise, signal);
			} catch (error) {
				const place = holder.waiting.indexOf(turn);
				if (place >= 0) holder.waiting.splice(place, 1);
				else this.#passOn(name);
				throw error;
			}
		}
		return this.#hold(name);
	}

	#hold(name: string): Hold {
		const fence = ++this.#lastFence;
		const lost = deferred();
		const waiting = this.#holders.get(name)?.waiting ?? [];
		this.#holders.set(name, { fence, waiting });
		const release = async (): Promise<void> => {
			if (this.#holders.get(name)?.fence !== fence) return;
			lost.resolve();
			this.#passOn(name);
		};
		return { fence, lost: lost.promise, release, [Symbol.asyncDispose]: release };
	}

	#passOn(name: string): void {
		const holder = this.#holders.get(name);
		const next = holder?.waiting.shift();
		if (holder === undefined || next === undefined) this.#holders.delete(name);
		else {
			// Nobody's until the next one has it: writes of the old fence are refused from here on.
			this.#holders.set(name, { fence: ++this.#lastFence, waiting: holder.waiting });
			next.resolve();
		}
	}

	#check(key: string, { ifVersion, fence }: { ifVersion: number | null; fence: number }): void {
		const current = this.#entries.get(key)?.version ?? null;
		if (current !== ifVersion) {
			throw new ContainerBuilderError('store-conflict', `${key} was changed by somebody else`);
		}
		for (const holder of this.#holders.values()) if (holder.fence === fence) return;
		throw new ContainerBuilderError('store-conflict', `this process no longer holds the store`);
	}
}

/** Below 0 where `a` comes first in the order of UTF-8. */
function byCodePoints(a: string, b: string): number {
	let at = 0;
	while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
	const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
	// UTF-16 has the characters above U+FFFF, as pairs from U+D800 on, before those from U+E000 on.
	const isPair = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;
	if (isPair(left) !== isPair(right) && left >= 0xd800 && right >= 0xd800) return isPair(left) ? 1 : -1;
	return at === a.length || at === b.length ? a.length - b.length : left - right;
}
