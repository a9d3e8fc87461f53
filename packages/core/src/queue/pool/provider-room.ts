import type { Clock, MachineRequest } from '../../spec/index.js';
import type { ProviderCalls } from './provider-calls.js';

/** For how long an answer is believed. */
const TRUST_MS = 5_000;

/** What a room is made of. */
export interface ProviderRoomOptions {
	readonly calls: ProviderCalls;
	readonly clock: Clock;
	/** Called when it is known again how much room there is. */
	readonly onKnown: () => void;
}

/** How many more machines the provider says would fit, for those providers that say. */
export class ProviderRoom {
	readonly #options: ProviderRoomOptions;
	#count: number | undefined;
	#until = Number.NEGATIVE_INFINITY;
	#asking = false;

	constructor(options: ProviderRoomOptions) {
		this.#options = options;
	}

	/** As far as it is known; undefined where it is not. */
	get known(): number | undefined {
		return this.#options.clock.now() < this.#until ? this.#count : undefined;
	}

	/** Whether so many may be made now. Where that is not known, it is asked for, and `onKnown` called. */
	take(request: MachineRequest, count: number): boolean {
		const { calls, clock } = this.#options;
		if (!calls.provider.capabilities.headroom) return true;
		if (clock.now() < this.#until) {
			if (this.#count !== undefined) this.#count -= count;
			return true;
		}
		if (!this.#asking) void this.#ask(request);
		return false;
	}

	/** A machine is gone: what was said is not true any more. */
	freed(): void {
		if (this.#count !== undefined) this.#until = Number.NEGATIVE_INFINITY;
	}

	/** A provider that does not say is asked for a machine all the same: it will refuse where it has no room. */
	async #ask(request: MachineRequest): Promise<void> {
		const { calls, clock, onKnown } = this.#options;
		this.#asking = true;
		this.#count = await calls.headroom(request).catch(() => undefined);
		this.#asking = false;
		this.#until = clock.now() + TRUST_MS;
		onKnown();
	}
}
