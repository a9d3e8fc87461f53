import { virtualClock } from '@olcf/container-builder-testing';
import { expect, test } from 'vitest';
import { awaitBegin } from '../../src/build/await-begin.js';
import type { BuilderPhase, BuilderState } from '../../src/spec/index.js';

const PATIENCE_MS = 60_000;

/** A builder that goes through phases, one a look. */
function builderOf(...phases: readonly [BuilderPhase, ...BuilderPhase[]]) {
	let looks = 0;
	return {
		looks: () => looks,
		state: async (): Promise<BuilderState> => {
			const phase = phases[Math.min(looks++, phases.length - 1)] ?? phases[0];
			return { phase, sequence: 0, backendStarted: false, outputBytes: 0 };
		},
	};
}

test.each(['building', 'built', 'failed', 'canceled'] as const)(
	'does not wait for one that is %s',
	async (phase) => {
		const builder = builderOf(phase);
		const clock = virtualClock();
		await awaitBegin(builder, { clock, patienceMs: PATIENCE_MS, signal: new AbortController().signal });
		expect(builder.looks()).toBe(1);
	},
);

test('waits while the client sends its files', async () => {
	const builder = builderOf('leased', 'uploading', 'uploading', 'building');
	const clock = virtualClock();
	const waiting = awaitBegin(builder, {
		...{ clock, patienceMs: PATIENCE_MS, signal: new AbortController().signal },
	});
	await clock.advance(2_000);
	await waiting;
	expect(builder.looks()).toBe(4);
});

test('does not wait for ever for a client that may be gone', async () => {
	const clock = virtualClock();
	const { signal } = new AbortController();
	const waiting = awaitBegin(builderOf('uploading'), { clock, patienceMs: PATIENCE_MS, signal });
	waiting.catch(() => {});
	await clock.advance(PATIENCE_MS + 1_000);
	await expect(waiting).rejects.toMatchObject({
		code: 'not-found',
		hint: expect.stringContaining('begin the build'),
	});
});

test('waits for as long as files arrive', async () => {
	const clock = virtualClock();
	const { signal } = new AbortController();
	const until = clock.now() + 10 * PATIENCE_MS;
	const builder = {
		state: async (): Promise<BuilderState> => ({
			phase: clock.now() < until ? 'uploading' : 'building',
			// An event every half minute.
			sequence: Math.floor(clock.now() / 30_000),
			backendStarted: false,
			outputBytes: 0,
		}),
	};
	const waiting = awaitBegin(builder, { clock, patienceMs: PATIENCE_MS, signal });
	await clock.advance(11 * PATIENCE_MS);
	expect(await waiting).toMatchObject({ phase: 'building' });
});

test('ends with its signal', async () => {
	const clock = virtualClock();
	const controller = new AbortController();
	const waiting = awaitBegin(builderOf('leased'), {
		clock,
		patienceMs: PATIENCE_MS,
		signal: controller.signal,
	});
	waiting.catch(() => {});
	await clock.advance(1_000);
	controller.abort();
	await expect(waiting).rejects.toThrow();
	expect(clock.pending).toBe(0);
});
