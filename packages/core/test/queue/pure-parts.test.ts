import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateWait } from '../../src/queue/line/estimate-wait.js';
import { waitReason } from '../../src/queue/line/wait-reason.js';
import { type BuilderTransition, moveBuilder, nextBuilderState } from '../../src/queue/pool/builder-state.js';
import { ContainerBuilderError, type PoolBuilderState } from '../../src/spec/index.js';
import { backoffMs } from '../../src/time/backoff.js';

const STATES = ['creating', 'booting', 'ready', 'leased', 'destroying', 'failed', 'gone'] as const;
const TRANSITIONS = ['created', 'answered', 'leased', 'failed', 'destroy', 'destroyed'] as const;

describe('the states of a builder', () => {
	const allowed: Record<string, PoolBuilderState> = {
		'creating created': 'booting',
		'booting answered': 'ready',
		'ready leased': 'leased',
		'creating failed': 'failed',
		'booting failed': 'failed',
		'ready failed': 'failed',
		'leased failed': 'failed',
		'creating destroy': 'destroying',
		'booting destroy': 'destroying',
		'ready destroy': 'destroying',
		'leased destroy': 'destroying',
		'failed destroy': 'destroying',
		'destroying destroyed': 'gone',
	};
	const table = STATES.flatMap((state) =>
		TRANSITIONS.map((transition) => [state, transition, allowed[`${state} ${transition}`]] as const),
	);
	it.each(table)('%s, %s: %s', (state, transition, next) => {
		expect(nextBuilderState(state, transition)).toBe(next);
		if (next === undefined) expect(() => moveBuilder(state, transition)).toThrowError(ContainerBuilderError);
		else expect(moveBuilder(state, transition)).toBe(next);
	});

	it('never leads back to ready', () => {
		fc.assert(
			fc.property(fc.array(fc.constantFrom<BuilderTransition>(...TRANSITIONS)), (transitions) => {
				let state: PoolBuilderState = 'creating';
				let timesReady = 0;
				for (const transition of transitions) {
					const next = nextBuilderState(state, transition);
					if (next === 'ready') timesReady++;
					state = next ?? state;
				}
				expect(timesReady).toBeLessThanOrEqual(1);
			}),
		);
	});
});

describe('pauses', () => {
	it('grow up to their limit', () => {
		const options = { firstMs: 100, maxMs: 1_000 };
		expect([0, 1, 2, 3, 4, 5, 500].map((failures) => backoffMs(failures, options))).toEqual([
			0, 100, 200, 400, 800, 1_000, 1_000,
		]);
	});
});

describe('the estimate of a wait', () => {
	const nothing = {
		place: 1,
		startingAges: [],
		room: 0,
		leaseAges: [],
		bootMs: undefined,
		leaseMs: undefined,
	};
	it.each([
		['nothing is known', nothing, undefined],
		['a builder is coming', { ...nothing, bootMs: 30, startingAges: [10] }, 20],
		['it is late already', { ...nothing, bootMs: 30, startingAges: [50] }, 0],
		['another can be made', { ...nothing, bootMs: 30, room: 1 }, 30],
		['all are busy, and nothing is known of leases', { ...nothing, bootMs: 30, leaseAges: [5] }, undefined],
		['the lease that ends first', { ...nothing, bootMs: 30, leaseMs: 100, leaseAges: [80, 5] }, 50],
		['the next one', { ...nothing, place: 2, bootMs: 30, leaseMs: 100, leaseAges: [80, 5] }, 125],
		['a round later', { ...nothing, place: 3, bootMs: 30, leaseMs: 100, leaseAges: [80, 5] }, 180],
	])('%s', (_name, input, estimate) => {
		expect(estimateWait(input)).toBe(estimate);
	});

	it('never gets shorter with the place', () => {
		const inputs = fc.record({
			startingAges: fc.array(fc.integer({ min: 0, max: 100 })).map((ages) => ages.sort((a, b) => b - a)),
			room: fc.integer({ min: 0, max: 5 }),
			leaseAges: fc
				.array(fc.integer({ min: 0, max: 500 }), { maxLength: 8 })
				.map((ages) => ages.sort((a, b) => b - a)),
			bootMs: fc.integer({ min: 0, max: 100 }),
			leaseMs: fc.integer({ min: 0, max: 500 }),
		});
		fc.assert(
			fc.property(inputs, fc.integer({ min: 1, max: 30 }), (input, place) => {
				const here = estimateWait({ ...input, place });
				const behind = estimateWait({ ...input, place: place + 1 });
				if (here !== undefined && behind !== undefined) expect(behind).toBeGreaterThanOrEqual(here);
				if (here === undefined) expect(behind).toBeUndefined();
			}),
		);
	});
});

describe('the reason of a wait', () => {
	const error = new ContainerBuilderError('provider-unavailable', 'Nova answers 503');
	const well = {
		place: 1,
		started: true,
		startError: undefined,
		failures: 0,
		error: undefined,
		starting: [],
		room: 0,
		isFull: false,
	};
	it.each([
		['before the start', { ...well, started: false }, { reason: 'queue-starting' }],
		[
			'a start that fails',
			{ ...well, started: false, startError: error },
			{ reason: 'provider-failing', detail: 'Nova answers 503' },
		],
		['one is coming', { ...well, starting: ['booting'] }, { reason: 'builder-starting', detail: 'booting' }],
		['there is room', { ...well, room: 1 }, { reason: 'builder-starting' }],
		['there is none', well, { reason: 'all-builders-busy' }],
		[
			'the provider has none',
			{ ...well, isFull: true },
			{ reason: 'all-builders-busy', detail: 'there is no room for more builders now' },
		],
		[
			'the provider has refused for want of room',
			{ ...well, isFull: true, error: new ContainerBuilderError('provider-quota', '10 of 10 instances') },
			{
				reason: 'all-builders-busy',
				detail: 'there is no room for more builders now: 10 of 10 instances',
			},
		],
		[
			'the provider failed, and none is coming',
			{ ...well, failures: 1, error },
			{ reason: 'provider-failing', detail: 'Nova answers 503' },
		],
		[
			'it failed once, and one is coming',
			{ ...well, failures: 1, error, starting: ['x'] },
			{ reason: 'builder-starting', detail: 'x' },
		],
		[
			'it goes on failing',
			{ ...well, failures: 2, error, starting: ['x'] },
			{ reason: 'provider-failing', detail: 'Nova answers 503' },
		],
	])('%s', (_name, input, expected) => {
		expect(waitReason(input)).toEqual(expected);
	});
});
