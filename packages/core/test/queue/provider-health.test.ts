import { describe, expect, it } from 'vitest';
import { ProviderHealth } from '../../src/queue/pool/provider-health.js';
import { ContainerBuilderError } from '../../src/spec/index.js';

/** A clock whose timers are what the test calls. */
function make() {
	const timers: { callback: () => void; delayMs: number }[] = [];
	const time = { now: 0 };
	let wakes = 0;
	const clock = {
		now: () => time.now,
		schedule: (callback: () => void, delayMs: number) => {
			const timer = { callback, delayMs };
			timers.push(timer);
			return () => {
				if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
			};
		},
	};
	const health = new ProviderHealth(clock, () => wakes++);
	return { health, timers, time, wakes: () => wakes, fire: () => timers.shift()?.callback() };
}

const error = new ContainerBuilderError('provider-unavailable', 'no answer');
const refusal = new ContainerBuilderError('provider-quota', 'all in use');

describe('the health of a provider', () => {
	it('wakes the pool when the pause is over', () => {
		const { health, timers, time, wakes, fire } = make();
		health.failed(error, 0);
		expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_000]);
		time.now = 1_000;
		fire();
		expect([wakes(), health.snapshot.pausing, timers.length]).toEqual([1, false, 0]);
	});

	it('waits on where a timer was early', () => {
		const { health, timers, time, wakes, fire } = make();
		health.failed(error, 0);
		time.now = 999.5;
		fire();
		expect([wakes(), health.snapshot.pausing]).toEqual([0, true]);
		expect(timers.map(({ delayMs }) => delayMs)).toEqual([0.5]);
		time.now = 1_000;
		fire();
		expect(wakes()).toBe(1);
	});

	it('tells failures and refusals until a success', () => {
		const { health } = make();
		health.failed(error, 0);
		health.failed(refusal, 0);
		expect([health.failures, health.error]).toEqual([2, refusal]);
		expect(health.snapshot).toMatchObject({ failures: 1, quotaBlocked: true });
		health.succeeded(0);
		expect([health.failures, health.error]).toEqual([0, undefined]);
	});

	it('does not mind a refusal that something was freed after', () => {
		const { health, time } = make();
		time.now = 10;
		health.roomFreed();
		health.failed(refusal, 5);
		expect([health.failures, health.error, health.snapshot.quotaBlocked]).toEqual([0, undefined, false]);
	});

	it('lets go of its timer when it is closed, or when nothing is to be waited for', () => {
		const { health, timers } = make();
		health.failed(refusal, 0);
		health.roomFreed();
		expect(timers).toEqual([]);
		health.failed(error, 0);
		health.close();
		expect(timers).toEqual([]);
	});
});
