import { type Clock, deferred, type Hold } from '@olcf/container-builder-core';
import { giveBack } from './acquire-hold.js';
import type { StoreEnvironment } from './store-environment.js';

/** What a hold is made of. */
export interface LmdbHoldOptions {
	readonly environment: StoreEnvironment;
	/** As it is in the file. */
	readonly name: Buffer;
	readonly fence: number;
	readonly ttlMs: number;
	readonly clock: Clock;
	/** Called once, when it is released or lost. */
	readonly onEnd: () => void;
}

/** A hold, with its heart: a beat in every third of the time after which it may be taken away. */
export class LmdbHold implements Hold {
	readonly fence: number;
	readonly lost: Promise<void>;
	readonly #options: LmdbHoldOptions;
	readonly #lost = deferred();
	#ended = false;
	#cancelBeat: (() => void) | undefined;
	#releasing: Promise<void> | undefined;

	constructor(options: LmdbHoldOptions) {
		this.#options = options;
		this.fence = options.fence;
		this.lost = this.#lost.promise;
		this.#scheduleBeat();
	}

	release(): Promise<void> {
		this.#releasing ??= this.#release();
		return this.#releasing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.release();
	}

	/** Somebody else holds it. */
	lose(): void {
		this.#stop();
		this.#lost.resolve();
	}

	async #release(): Promise<void> {
		const { environment, name } = this.#options;
		this.#stop();
		try {
			await giveBack(environment, name, this.fence);
		} catch (error) {
			this.#releasing = undefined;
			throw error;
		}
		this.#lost.resolve();
	}

	#stop(): void {
		this.#cancelBeat?.();
		if (this.#ended) return;
		this.#ended = true;
		this.#options.onEnd();
	}

	#scheduleBeat(): void {
		const { clock, ttlMs } = this.#options;
		this.#cancelBeat = clock.schedule(() => void this.#beat(), ttlMs / 3);
	}

	async #beat(): Promise<void> {
		const { environment, name } = this.#options;
		try {
			const held = await environment.transact((transaction) => {
				const current = transaction.hold(name);
				if (current?.fence !== this.fence) return false;
				if (!this.#ended) transaction.putHold(name, { ...current, beat: current.beat + 1 });
				return true;
			});
			if (!held) this.lose();
		} catch {
			// A disk that is full may have room at the next beat; who is replaced learns it from his writes, too.
		}
		if (!this.#ended) this.#scheduleBeat();
	}
}
