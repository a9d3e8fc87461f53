import { abortable } from '../concurrency/abortable.js';
import { linkSignal } from '../concurrency/link-signal.js';
import type { Clock, ContainerBuilderError } from '../spec/index.js';

/** Options of {@link withTimeLimit}. */
export interface TimeLimitOptions {
	readonly clock: Clock;
	readonly limitMs: number;
	readonly signal?: AbortSignal | undefined;
	/** Made when the time is up. */
	readonly onTimeout: () => ContainerBuilderError;
}

/**
 * Runs `work` with a signal that aborts when the time is up or the caller's signal aborts. Does not wait for work
 * that ignores its signal.
 */
export async function withTimeLimit<T>(
	{ clock, limitMs, signal, onTimeout }: TimeLimitOptions,
	work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	const linked = linkSignal(signal);
	let timedOut: ContainerBuilderError | undefined;
	const cancelTimer = clock.schedule(() => {
		timedOut = onTimeout();
		linked.abort(timedOut);
	}, limitMs);
	try {
		return await abortable(work(linked.signal), linked.signal);
	} catch (error) {
		throw timedOut ?? error;
	} finally {
		cancelTimer();
		linked.dispose();
	}
}
