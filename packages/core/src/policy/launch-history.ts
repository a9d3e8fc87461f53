import type { ErrorCode } from '../spec/index.js';
import { backoffMs } from '../time/backoff.js';
import type { ActivePolicy } from './active-policy.js';
import type { PoolSnapshot } from './pool-snapshot.js';

const PAUSES = { firstMs: 1_000, maxMs: 60_000 };
const MACHINE_FAILURES: ReadonlySet<ErrorCode> = new Set([
	'machine-failed',
	'boot-timeout',
	'enrolment-failed',
]);

/** How launches have gone lately: plain data that is replaced, never changed. Times are by the queue's clock. */
export interface LaunchHistory {
	/** In a row, of the provider or of machines; refusals for quota do not count. */
	readonly failures: number;
	/** Those of them that failed on the machine's side; what the provider failed at in between does not end the row. */
	readonly machineFailures: number;
	/** Of the last failure: whether time may mend it. */
	readonly retryable: boolean;
	readonly pausedUntilMs: number;
	/** Until then the provider wants to be left alone, whatever happens. */
	readonly aloneUntilMs: number;
	/** Refusals for quota in a row. */
	readonly refusals: number;
	/** The last launch was refused for quota, and nothing was freed since. */
	readonly quotaBlocked: boolean;
	readonly refusedAtMs: number;
	readonly refusedUntilMs: number;
	/** When a machine was gone last. */
	readonly freedAtMs: number;
}

/** What is known of a launch that failed. */
export interface LaunchFailure {
	readonly code: ErrorCode;
	readonly retryable: boolean;
	/** By the queue's clock. */
	readonly askedAtMs: number;
	/** How long the provider wants to be left alone. */
	readonly retryAfterMs?: number | undefined;
}

/** Nothing has been launched yet. */
export const NO_LAUNCHES: LaunchHistory = {
	failures: 0,
	machineFailures: 0,
	retryable: true,
	pausedUntilMs: Number.NEGATIVE_INFINITY,
	aloneUntilMs: Number.NEGATIVE_INFINITY,
	refusals: 0,
	quotaBlocked: false,
	refusedAtMs: Number.NEGATIVE_INFINITY,
	refusedUntilMs: Number.NEGATIVE_INFINITY,
	freedAtMs: Number.NEGATIVE_INFINITY,
};

/**
 * A launch that was asked for at `askedAtMs` failed: begins the next, longer pause, no shorter than `retryAfterMs`,
 * which the provider has asked for. A refusal for quota says nothing where a machine has gone since it was asked for.
 */
export function launchFailed(
	history: LaunchHistory,
	{ code, retryable, askedAtMs, retryAfterMs = Number.NEGATIVE_INFINITY }: LaunchFailure,
	nowMs: number,
): LaunchHistory {
	const aloneUntilMs = Math.max(history.aloneUntilMs, nowMs + retryAfterMs);
	if (code === 'provider-quota') {
		if (askedAtMs < history.freedAtMs) return { ...history, aloneUntilMs };
		const refusals = history.refusals + 1;
		const refusedUntilMs = nowMs + backoffMs(refusals, PAUSES);
		return { ...history, refusals, quotaBlocked: true, refusedAtMs: nowMs, refusedUntilMs, aloneUntilMs };
	}
	const failures = history.failures + 1;
	return {
		...history,
		failures,
		machineFailures: history.machineFailures + (MACHINE_FAILURES.has(code) ? 1 : 0),
		retryable,
		pausedUntilMs: nowMs + (retryable ? backoffMs(failures, PAUSES) : PAUSES.maxMs),
		aloneUntilMs,
	};
}

/** A builder that was asked for at `askedAtMs` has become ready. What was asked for before a refusal says nothing of room. */
export function launchSucceeded(history: LaunchHistory, askedAtMs: number): LaunchHistory {
	const { refusals, quotaBlocked, refusedAtMs, refusedUntilMs, aloneUntilMs, freedAtMs } = history;
	if (askedAtMs >= refusedAtMs) return { ...NO_LAUNCHES, aloneUntilMs, freedAtMs };
	return { ...NO_LAUNCHES, refusals, quotaBlocked, refusedAtMs, refusedUntilMs, aloneUntilMs, freedAtMs };
}

/** A machine is gone: where there was no room, there may be some now. */
export function roomFreed(history: LaunchHistory, nowMs: number): LaunchHistory {
	return { ...history, quotaBlocked: false, refusedUntilMs: Number.NEGATIVE_INFINITY, freedAtMs: nowMs };
}

/** What the policy is told of it. */
export function launchSnapshot(
	history: LaunchHistory,
	nowMs: number,
): Pick<PoolSnapshot, 'failures' | 'pausing' | 'pauseMs' | 'pausesCheckouts' | 'quotaBlocked'> {
	const { failures, quotaBlocked, retryable, aloneUntilMs } = history;
	const untilMs = Math.max(history.pausedUntilMs, history.refusedUntilMs, aloneUntilMs);
	const pausing = nowMs < untilMs;
	return {
		failures,
		pausing,
		pauseMs: pausing ? untilMs - nowMs : undefined,
		// What time does not mend fails the waiting checkouts at once; a new one is worth a new try.
		pausesCheckouts: retryable || nowMs < aloneUntilMs,
		quotaBlocked,
	};
}

/** Whether those who wait without a builder coming for them are to be failed: too many machines in a row have failed. */
export function launchesExhausted(
	history: Pick<LaunchHistory, 'machineFailures'>,
	policy: Pick<ActivePolicy, 'launchRetries'>,
): boolean {
	return history.machineFailures > policy.launchRetries;
}
