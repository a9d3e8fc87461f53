import { describe, expect, it } from 'vitest';
import {
	type LaunchHistory,
	launchesExhausted,
	launchFailed,
	launchSnapshot,
	launchSucceeded,
	NO_LAUNCHES,
	roomFreed,
} from '../../src/policy/launch-history.js';
import { ERROR_CODES, type ErrorCode } from '../../src/spec/index.js';

function fail(history: LaunchHistory, code: ErrorCode, nowMs = 0, askedAtMs = nowMs): LaunchHistory {
	return launchFailed(history, { code, retryable: ERROR_CODES[code].retryable, askedAtMs }, nowMs);
}

function after(...codes: ErrorCode[]): LaunchHistory {
	return codes.reduce((history, code) => fail(history, code), NO_LAUNCHES);
}

describe('how launches have gone', () => {
	it.each([0, -5_000])('is well in the beginning, wherever a clock begins: %i', (nowMs) => {
		expect(launchSnapshot(NO_LAUNCHES, nowMs)).toEqual({
			failures: 0,
			pausing: false,
			pauseMs: undefined,
			pausesCheckouts: true,
			quotaBlocked: false,
		});
	});

	it('pauses longer with each failure in a row, up to a minute', () => {
		const pauses = [1, 2, 3, 7, 50].map((failures) => {
			const history = after(...Array<ErrorCode>(failures).fill('provider-unavailable'));
			return launchSnapshot(history, 0).pauseMs;
		});
		expect(pauses).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
	});

	it('pauses from the last failure on, and no longer', () => {
		const history = fail(after('boot-timeout'), 'boot-timeout', 10_000);
		expect(launchSnapshot(history, 11_999)).toMatchObject({ failures: 2, pausing: true, pauseMs: 1 });
		expect(launchSnapshot(history, 12_000)).toMatchObject({
			failures: 2,
			pausing: false,
			pauseMs: undefined,
		});
	});

	it('holds back only the reserve after what time does not mend', () => {
		expect(launchSnapshot(after('provider-auth'), 0)).toMatchObject({
			pausesCheckouts: false,
			pauseMs: 60_000,
		});
		expect(launchSnapshot(after('provider-auth', 'boot-timeout'), 0)).toMatchObject({
			pausesCheckouts: true,
		});
	});

	it('begins anew with a success', () => {
		expect(launchSucceeded(after('provider-quota', 'boot-timeout'), 0)).toEqual(NO_LAUNCHES);
	});
});

describe('a refusal for quota', () => {
	it('is no failure, but blocks until something is freed', () => {
		const refused = after('provider-quota');
		expect(launchSnapshot(refused, 0)).toMatchObject({ failures: 0, quotaBlocked: true, pauseMs: 1_000 });
		expect(launchSnapshot(refused, 1_000)).toMatchObject({ quotaBlocked: true, pausing: false });
		const freed = roomFreed(refused, 0);
		expect(launchSnapshot(freed, 0)).toMatchObject({ quotaBlocked: false, pausing: false });
	});

	it('pauses longer when it comes again at once', () => {
		const again = fail(roomFreed(after('provider-quota'), 0), 'provider-quota');
		expect(launchSnapshot(again, 0)).toMatchObject({ quotaBlocked: true, pauseMs: 2_000 });
	});

	it('is not taken back by a builder that was asked for before it', () => {
		const refused = fail(fail(NO_LAUNCHES, 'boot-timeout', 4_000), 'provider-quota', 5_000);
		const history = launchSucceeded(refused, 4_999);
		expect(launchSnapshot(history, 5_000)).toMatchObject({ failures: 0, quotaBlocked: true, pauseMs: 1_000 });
		expect(launchSucceeded(history, 5_000)).toEqual(NO_LAUNCHES);
	});

	it('does not end the pause after a failure when something is freed', () => {
		const history = roomFreed(after('provider-unavailable', 'provider-unavailable', 'provider-quota'), 0);
		expect(launchSnapshot(history, 0)).toMatchObject({ failures: 2, quotaBlocked: false, pauseMs: 2_000 });
		expect(launchSnapshot(roomFreed(after('boot-timeout'), 0), 0)).toEqual(
			launchSnapshot(after('boot-timeout'), 0),
		);
	});

	it('says nothing where something was freed since it was asked for', () => {
		const freed = roomFreed(after('provider-quota'), 5_000);
		expect(fail(freed, 'provider-quota', 6_000, 4_999)).toEqual(freed);
		expect(launchSnapshot(fail(freed, 'provider-quota', 6_000, 5_000), 6_000)).toMatchObject({
			quotaBlocked: true,
		});
		const ready = launchSucceeded(freed, 5_500);
		expect(fail(ready, 'provider-quota', 6_000, 4_999)).toEqual(ready);
	});
});

describe('a provider that wants to be left alone', () => {
	const alone = (code: ErrorCode, retryAfterMs: number | undefined, nowMs = 0, history = NO_LAUNCHES) =>
		launchFailed(
			history,
			{ code, retryable: ERROR_CODES[code].retryable, retryAfterMs, askedAtMs: nowMs },
			nowMs,
		);

	it.each<[string, LaunchHistory, number, number | undefined]>([
		['longer than the pause', alone('provider-unavailable', 30_000), 0, 30_000],
		['until then', alone('provider-unavailable', 30_000), 29_999, 1],
		['no longer', alone('provider-unavailable', 30_000), 30_000, undefined],
		['for less than the pause', alone('provider-unavailable', 100), 0, 1_000],
		['though it was a refusal', alone('provider-quota', 30_000), 0, 30_000],
		['though time does not mend it', alone('provider-auth', 90_000), 0, 90_000],
		['though something is freed', roomFreed(alone('provider-quota', 30_000), 0), 0, 30_000],
		['though a builder becomes ready', launchSucceeded(alone('provider-quota', 30_000), 0), 0, 30_000],
		['though another launch fails', fail(alone('provider-unavailable', 30_000), 'boot-timeout'), 0, 30_000],
		[
			'for the longer of two times',
			alone('provider-unavailable', 5_000, 1_000, alone('provider-unavailable', 30_000)),
			1_000,
			29_000,
		],
		['not at all', alone('provider-unavailable', undefined), 0, 1_000],
	])('is left alone %s', (_name, history, nowMs, pauseMs) => {
		expect(launchSnapshot(history, nowMs)).toMatchObject({ pausing: pauseMs !== undefined, pauseMs });
	});

	it('is left alone by checkouts too, whatever it failed with', () => {
		const history = alone('provider-auth', 10_000);
		expect(launchSnapshot(history, 9_999).pausesCheckouts).toBe(true);
		expect(launchSnapshot(history, 10_000).pausesCheckouts).toBe(false);
	});
});

describe('those who wait', () => {
	const policy = { launchRetries: 2 };
	it.each<[string, ErrorCode[], boolean]>([
		['nothing failed', [], false],
		['as many machines failed as may', ['machine-failed', 'boot-timeout'], false],
		['one more', ['machine-failed', 'boot-timeout', 'enrolment-failed'], true],
		['the provider is not there', Array<ErrorCode>(9).fill('provider-unavailable'), false],
		['the provider is full', Array<ErrorCode>(9).fill('provider-quota'), false],
		[
			'the provider fails in between',
			['boot-timeout', 'provider-unavailable', 'boot-timeout', 'provider-quota', 'boot-timeout'],
			true,
		],
	])('are failed when too many machines in a row have: %s', (_name, codes, exhausted) => {
		expect(launchesExhausted(after(...codes), policy)).toBe(exhausted);
	});

	it('are failed at the first failure where none may fail', () => {
		expect(launchesExhausted(NO_LAUNCHES, { launchRetries: 0 })).toBe(false);
		expect(launchesExhausted(after('boot-timeout'), { launchRetries: 0 })).toBe(true);
	});
});
