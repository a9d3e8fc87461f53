import { canceledError, throwIfAborted } from '@olcf/container-builder-core';

/** Wakes whoever waits for something to have changed. What it was, the woken look up themselves. */
export class Bell {
	readonly #waiting = new Set<() => void>();

	/** Wakes all that wait now. */
	ring(): void {
		const woken = [...this.#waiting];
		this.#waiting.clear();
		for (const wake of woken) wake();
	}

	/** Resolves at the next ring; rejects with `canceled` when the signal aborts before. */
	wait(signal?: AbortSignal): Promise<void> {
		throwIfAborted(signal);
		return new Promise((resolve, reject) => {
			const wake = (): void => {
				signal?.removeEventListener('abort', onAbort);
				resolve();
			};
			const onAbort = (): void => {
				this.#waiting.delete(wake);
				if (signal) reject(canceledError(signal));
			};
			this.#waiting.add(wake);
			signal?.addEventListener('abort', onAbort, { once: true });
		});
	}
}
