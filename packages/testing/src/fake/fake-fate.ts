import { ContainerBuilderError, type Removed } from '@olcf/container-builder-core';
import type { FakeMachineScript } from './fake-script.js';
import { pickSpan } from './seeded-random.js';

/** The script of one machine with nothing left open. */
export interface FakeFate {
	readonly delayMs: number;
	readonly error: ContainerBuilderError | undefined;
	readonly answerLost: boolean;
	readonly bootMs: number;
	readonly fault: string | undefined;
	readonly neverReady: boolean;
	readonly diesAfterMs: number | undefined;
	readonly deathShows: 'failed' | 'gone';
	readonly deleteErrors: number;
	readonly deleteDelayMs: number;
	readonly lingersMs: number;
	readonly lingersAs: 'deleting' | 'running';
	readonly leavesBehind: readonly Removed[];
}

/** Decides what a script leaves open. */
export function fakeFate(script: FakeMachineScript, random: () => number): FakeFate {
	return {
		delayMs: pickSpan(script.delayMs, random) ?? 0,
		error: script.error && createError(script.error, random),
		answerLost: script.answerLost ?? false,
		bootMs: pickSpan(script.bootMs, random) ?? 0,
		fault: script.fault,
		neverReady: script.neverReady ?? false,
		diesAfterMs: pickSpan(script.diesAfterMs, random),
		deathShows: script.deathShows ?? 'failed',
		deleteErrors: script.deleteErrors ?? 0,
		deleteDelayMs: pickSpan(script.deleteDelayMs, random) ?? 0,
		lingersMs: pickSpan(script.lingersMs, random) ?? 0,
		lingersAs: script.lingersAs ?? 'deleting',
		leavesBehind: script.leavesBehind ?? [],
	};
}

function createError(
	{ outcome, code, message, retryAfterMs }: NonNullable<FakeMachineScript['error']>,
	random: () => number,
): ContainerBuilderError {
	return new ContainerBuilderError(code ?? 'provider-unavailable', message ?? 'create failed', {
		outcome,
		...(retryAfterMs === undefined ? {} : { details: { retryAfterMs: pickSpan(retryAfterMs, random) ?? 0 } }),
	});
}
