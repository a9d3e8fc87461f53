import type { BuilderQueueOptions } from './builder-queue-options.js';

/** The times of a queue, in milliseconds, with nothing left open. */
export function queueTimings(options: BuilderQueueOptions) {
	return {
		deadlineMs: options.deadlineMs ?? 14_400_000,
		idleMs: options.idleMs ?? 60_000,
		redialGraceMs: options.redialGraceMs ?? 60_000,
		probeMs: options.probeMs ?? 30_000,
		reconcileMs: options.reconcileMs ?? 60_000,
		closeTimeoutMs: options.closeTimeoutMs ?? 120_000,
	};
}
