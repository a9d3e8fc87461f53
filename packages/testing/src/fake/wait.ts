import { type Clock, canceledError, throwIfAborted } from '@olcf/container-builder-core';

/** Resolves after `delayMs` by the clock, at once for 0; rejects with `canceled` when the signal aborts before. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
	throwIfAborted(signal);
	if (delayMs <= 0) return Promise.resolve();
	return new Promise((resolve, reject) => {
		const onAbort = (): void => {
			cancel();
			if (signal !== undefined) reject(canceledError(signal));
		};
		const cancel = clock.schedule(() => {
			signal?.removeEventListener('abort', onAbort);
			resolve();
		}, delayMs);
		signal?.addEventListener('abort', onAbort, { once: true });
	});
}
