import type { BuilderQueueOptions } from './builder-queue-options.js';

/** All times of a queue, in milliseconds, with nothing left open. */
export function queueTimings(options: BuilderQueueOptions) {
	return {
		bootTimeoutMs: options.bootTimeoutMs ?? 120_000,
		createTimeoutMs: options.createTimeoutMs ?? 300_000,
		lifetimeMs: options.lifetimeMs ?? 86_400_000,
		deadlineMs: options.deadlineMs ?? 14_400_000,
		idleMs: options.idleMs ?? 60_000,
		redialGraceMs: options.redialGraceMs ?? 60_000,
		probeMs: options.probeMs ?? 30_000,
		reconcileMs: options.reconcileMs ?? 60_000,
		closeTimeoutMs: options.closeTimeoutMs ?? 120_000,
	};
}
