import { ContainerBuilderError, ERROR_CODES, type ErrorCode } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRetry, type RetryFacts } from '../../src/build/decide-retry.js';
import { leaseEndOf } from '../../src/build/lease-end-of.js';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
/** Retried as long as the definition has not begun to be executed. */
const BEFORE: readonly ErrorCode[] = [
	'builder-unreachable',
	'connection-lost',
	'provider-quota',
	'provider-unavailable',
	'machine-failed',
	'boot-timeout',
	'enrolment-failed',
	'builder-lost',
	'backend-failed',
	'lease-lost',
	'store-conflict',
];
/** Retried later too, where that is asked for. */
const AFTER: readonly ErrorCode[] = [
	'builder-unreachable',
	'connection-lost',
	'machine-failed',
	'builder-lost',
	'lease-lost',
];

function factsOf(code: ErrorCode, more: Partial<RetryFacts> = {}): RetryFacts {
	return {
		error: { code, retryable: ERROR_CODES[code].retryable },
		leaseEnd: undefined,
		backendStarted: false,
		imageStreamed: false,
		attempts: 1,
		retries: 2,
		retryLost: false,
		...more,
	};
}

describe.each(CODES)('%s', (code) => {
	test('before the backend was started', () => {
		const expected = BEFORE.includes(code) ? 'begin-anew' : 'never';
		expect(decideRetry(factsOf(code))).toBe(expected);
		expect(decideRetry(factsOf(code, { retryLost: true }))).toBe(expected);
		expect(decideRetry(factsOf(code, { attempts: 2 }))).toBe(expected);
		expect(decideRetry(factsOf(code, { attempts: 3 }))).toBe('never');
		expect(decideRetry(factsOf(code, { retries: 0 }))).toBe('never');
		expect(decideRetry(factsOf(code, { error: { code, retryable: false } }))).toBe('never');
	});

	test('after it', () => {
		const after = { backendStarted: true };
		const isLoss = AFTER.includes(code);
		expect(decideRetry(factsOf(code, after))).toBe(isLoss ? 'when-asked' : 'never');
		const asked = { backendStarted: true, retryLost: true };
		expect(decideRetry(factsOf(code, asked))).toBe(isLoss ? 'begin-anew' : 'never');
		expect(decideRetry(factsOf(code, { ...asked, attempts: 3 }))).toBe('never');
		expect(decideRetry(factsOf(code, { ...asked, imageStreamed: true }))).toBe('never');
		expect(decideRetry(factsOf(code, { ...after, retries: 0 }))).toBe('never');
	});
});

test.each([
	['builder-lost', true],
	['released', false],
	['replaced', false],
	['idle', false],
	['deadline', false],
	['canceled', false],
	['queue-closed', false],
	['unknown', false],
])('a lease that ended by %s', (leaseEnd, retried) => {
	for (const code of ['builder-lost', 'lease-lost', 'connection-lost'] as const) {
		const expected = retried ? 'begin-anew' : 'never';
		expect(decideRetry(factsOf(code, { leaseEnd }))).toBe(expected);
		expect(decideRetry(factsOf(code, { leaseEnd, backendStarted: true, retryLost: true }))).toBe(expected);
	}
});

test('nothing but infrastructure is ever repeated, nor anything more often than allowed', () => {
	const facts = fc.record({
		error: fc.record({ code: fc.constantFrom(...CODES), retryable: fc.boolean() }),
		leaseEnd: fc.option(fc.constantFrom('builder-lost', 'deadline', 'canceled'), { nil: undefined }),
		backendStarted: fc.boolean(),
		imageStreamed: fc.boolean(),
		attempts: fc.nat({ max: 4 }),
		retries: fc.nat({ max: 4 }),
		retryLost: fc.boolean(),
	});
	fc.assert(
		fc.property(facts, (given) => {
			const decision = decideRetry(given);
			if (decision === 'never') return;
			expect(['infrastructure', 'unreachable']).toContain(ERROR_CODES[given.error.code].kind);
			expect(given.attempts).toBeLessThanOrEqual(given.retries);
			expect(given.imageStreamed).toBe(false);
			expect(decision).toBe(given.backendStarted && !given.retryLost ? 'when-asked' : 'begin-anew');
		}),
	);
});

test('what an error tells of the end of its lease', () => {
	const over = (reason?: string) =>
		new ContainerBuilderError('lease-lost', 'over', reason === undefined ? {} : { details: { reason } });
	const lost = (cause?: unknown) => new ContainerBuilderError('builder-lost', 'gone', { cause });
	expect(leaseEndOf(over('deadline'))).toBe('deadline');
	expect(leaseEndOf(over())).toBe('unknown');
	expect(leaseEndOf(lost(over('builder-lost')))).toBe('builder-lost');
	expect(leaseEndOf(lost(over('canceled')))).toBe('canceled');
	expect(leaseEndOf(lost(new ContainerBuilderError('not-found', 'no such lease')))).toBe('unknown');
	expect(leaseEndOf(lost(new ContainerBuilderError('connection-lost', 'cut')))).toBeUndefined();
	expect(leaseEndOf(lost(new Error('lease-lost')))).toBeUndefined();
	expect(leaseEndOf(lost())).toBeUndefined();
	expect(leaseEndOf(new ContainerBuilderError('time-limit', 'too long'))).toBeUndefined();
});
