import { canceledError, throwIfAborted } from './throw-if-aborted.js';

/** `promise`, or a rejection with `canceled` as soon as the signal aborts; leaves no listener behind. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
	if (signal === undefined) return promise;
	if (signal.aborted) promise.catch(() => {});
	throwIfAborted(signal);
	return new Promise<T>((resolve, reject) => {
		const onAbort = (): void => reject(canceledError(signal));
		signal.addEventListener('abort', onAbort, { once: true });
		promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
	});
}
