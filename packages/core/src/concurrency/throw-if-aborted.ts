import { ContainerBuilderError } from '../spec/index.js';

/** The error of code `canceled` for an aborted signal, with the signal's reason as its cause. */
export function canceledError(signal: AbortSignal): ContainerBuilderError {
	const reason: unknown = signal.reason;
	const message = typeof reason === 'string' ? reason : 'canceled';
	return new ContainerBuilderError('canceled', message, { cause: reason });
}

/** Throws {@link canceledError} where the signal is aborted already: the first line of asynchronous methods. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
	if (signal?.aborted) throw canceledError(signal);
}
