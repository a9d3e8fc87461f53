import { canceledError, throwIfAborted } from './throw-if-aborted.js';

/** Resolves after `delayMs` by the real clock; rejects with `canceled` when the signal aborts before. */
export function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
	throwIfAborted(signal);
	return new Promise((resolve, reject) => {
		const onAbort = (): void => {
			clearTimeout(timer);
			if (signal) reject(canceledError(signal));
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener('abort', onAbort);
			resolve();
		}, delayMs);
		signal?.addEventListener('abort', onAbort, { once: true });
	});
}
