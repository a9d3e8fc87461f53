import type { CheckoutHandle } from './checkout-handle.js';

/** One build in line, with all who wait for it. */
export interface WaitingBuild {
	readonly buildId: string;
	readonly user: string;
	/** By the queue's clock. */
	readonly since: number;
	readonly handles: Set<CheckoutHandle>;
	/** What was told last, to tell changes only. */
	told: string;
	/** Lets the process end, as far as this wait is concerned. */
	readonly letGo: () => void;
}

/** Who waits, in order: first come, first served; whose builder was lost goes ahead. */
export class CheckoutLine {
	readonly #line: WaitingBuild[] = [];

	get length(): number {
		return this.#line.length;
	}

	/** First is next. */
	get entries(): readonly WaitingBuild[] {
		return [...this.#line];
	}

	find(buildId: string): WaitingBuild | undefined {
		return this.#line.find((entry) => entry.buildId === buildId);
	}

	join(entry: WaitingBuild): void {
		this.#line.push(entry);
	}

	/** Ahead of everybody: whoever had a builder already does not wait again. */
	joinAhead(entry: WaitingBuild): void {
		this.#line.unshift(entry);
	}

	next(): WaitingBuild | undefined {
		return this.#line.shift();
	}

	/** Whether it was there. */
	leave(entry: WaitingBuild): boolean {
		const index = this.#line.indexOf(entry);
		if (index < 0) return false;
		this.#line.splice(index, 1);
		return true;
	}
}
