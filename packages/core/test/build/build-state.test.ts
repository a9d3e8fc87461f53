import { type BuildState, ERROR_CODES, type ErrorCode } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { BUILD_TRANSITIONS, isFinalState, isRetried, nextBuildState } from '../../src/build/build-state.js';

const STATES = Object.keys(BUILD_TRANSITIONS) as BuildState[];
const TABLE: Readonly<Record<BuildState, string>> = {
	queued: 'connecting queued failed canceled',
	connecting: 'uploading building built queued failed canceled',
	uploading: 'building built queued failed canceled',
	building: 'built queued failed canceled',
	built: 'downloading succeeded failed canceled',
	downloading: 'succeeded failed canceled',
	succeeded: '',
	failed: '',
	canceled: '',
};

test.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
	if (TABLE[from].split(' ').includes(to)) expect(nextBuildState(from, to)).toBe(to);
	else expect(() => nextBuildState(from, to)).toThrow(TypeError);
});

test('the final states', () => {
	expect(STATES.filter(isFinalState)).toEqual(['succeeded', 'failed', 'canceled']);
});

const RETRIED: readonly ErrorCode[] = [
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

test.each(Object.keys(ERROR_CODES) as ErrorCode[])('retry after %s', (code) => {
	const { retryable } = ERROR_CODES[code];
	const facts = { error: { code, retryable }, backendStarted: false, attempts: 1, retries: 2 };
	const expected = RETRIED.includes(code);
	expect(isRetried(facts)).toBe(expected);
	expect(isRetried({ ...facts, attempts: 2 })).toBe(expected);
	expect(isRetried({ ...facts, attempts: 3 })).toBe(false);
	expect(isRetried({ ...facts, backendStarted: true })).toBe(false);
	expect(isRetried({ ...facts, error: { code, retryable: false } })).toBe(false);
});
