import assert from 'node:assert/strict';
import {
	type ContainerBuilderError,
	type ErrorCode,
	isContainerBuilderError,
} from '@olcf/container-builder-core';

/** Registers one test: `test` of vitest, `node:test`, mocha's `it`, … */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** Milliseconds after which something that must happen counts as not happening. */
const PATIENCE_MS = 20_000;

/** `promise`, or a failure that says what was waited for: a plug-in that hangs should fail, not hang the run. */
export async function within<T>(promise: Promise<T>, what: string, patienceMs = PATIENCE_MS): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(
			() => reject(new assert.AssertionError({ message: `still waiting for ${what}` })),
			patienceMs,
		);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** The promise itself; where the test fails before it is awaited, its rejection must not count as unhandled. */
export function background<T>(promise: Promise<T>): Promise<T> {
	promise.catch(() => {});
	return promise;
}

/** Asserts that a promise rejects with an error of this project and one of these codes. */
export function rejectsWith(
	promise: Promise<unknown>,
	codes: ErrorCode | readonly ErrorCode[],
	what: string,
): Promise<ContainerBuilderError> {
	return background(assertRejects(promise, codes, what));
}

async function assertRejects(
	promise: Promise<unknown>,
	codes: ErrorCode | readonly ErrorCode[],
	what: string,
): Promise<ContainerBuilderError> {
	const allowed = typeof codes === 'string' ? [codes] : codes;
	const caught = await within(
		promise.then(
			() => assert.fail(`${what} must reject with ${allowed.join(' or ')}, but resolved`),
			(error: unknown) => error,
		),
		what,
	);
	assert.ok(
		isContainerBuilderError(caught),
		`${what} must reject with a ContainerBuilderError, not ${String(caught)}`,
	);
	assert.ok(
		allowed.includes(caught.code),
		`${what} must reject with ${allowed.join(' or ')}, not ${caught.code}: ${caught.message}`,
	);
	return caught;
}

/** Resolves when a value has not changed for a while: nothing that depends on it can be said to go on. */
export async function stillness(value: () => number, quietMs = 300): Promise<void> {
	for (let before = -1; before !== value(); ) {
		before = value();
		await new Promise((resolve) => setTimeout(resolve, quietMs));
	}
}

/** The first element; fails where there is none. */
export function first<T>(values: readonly T[], what: string): T {
	const [value] = values;
	assert.ok(value !== undefined, `${what} must not be empty`);
	return value;
}
