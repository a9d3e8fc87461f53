import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import type { Clock } from '../spec/index.js';

/** Resolves after `delayMs` by this clock; rejects with `canceled` when the signal aborts before. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
	throwIfAborted(signal);
	return new Promise((resolve, reject) => {
		const onAbort = (): void => {
			cancel();
			if (signal) reject(canceledError(signal));
		};
		const cancel = clock.schedule(() => {
			signal?.removeEventListener('abort', onAbort);
			resolve();
		}, delayMs);
		signal?.addEventListener('abort', onAbort, { once: true });
	});
}
