import { type Clock, ContainerBuilderError } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { isConnectionError, ReconnectBudget } from '../../src/client/reconnect-budget.js';

const LOST = new ContainerBuilderError('connection-lost', 'cut');

class HandClock implements Clock {
	time = 0;
	now(): number {
		return this.time;
	}
	schedule(): () => void {
		return () => {};
	}
}

let clock = new HandClock();

function budgetOf(options: ConstructorParameters<typeof ReconnectBudget>[1] = {}) {
	clock = new HandClock();
	return new ReconnectBudget('the builder b', { reconnectMs: 1000, firstDelayMs: 1, clock, ...options });
}

test('what a connection cannot be blamed for is thrown at once', async () => {
	const error = new ContainerBuilderError('unauthenticated', 'no');
	await expect(budgetOf().failed(error)).rejects.toBe(error);
	expect(isConnectionError(error)).toBe(false);
	expect(isConnectionError(LOST)).toBe(true);
	expect(isConnectionError(new Error('connection-lost'))).toBe(false);
});

test('failures in a row are bounded by time', async () => {
	const budget = budgetOf();
	await budget.failed(LOST);
	clock.time = 500;
	await budget.failed(LOST);
	clock.time = 1000;
	await expect(budget.failed(LOST)).rejects.toMatchObject({
		code: 'builder-lost',
		message: 'the builder b has not answered for 1 s',
		cause: LOST,
	});
});

test('progress begins a new row', async () => {
	const budget = budgetOf();
	for (let round = 0; round < 5; round++) {
		await budget.failed(LOST);
		clock.time += 900;
		budget.progressed();
	}
	await budget.failed(LOST);
});

test('a connection that stood quietly for long begins a new row, one that was cut at once does not', async () => {
	const budget = budgetOf();
	await budget.failed(LOST);
	budget.connected();
	clock.time = 3_600_000;
	await budget.failed(LOST);
	budget.connected();
	clock.time += 800;
	await budget.failed(LOST);
	budget.connected();
	clock.time += 300;
	await expect(budget.failed(LOST)).rejects.toMatchObject({ code: 'builder-lost' });
});

test('who knows better may end it or shorten it', async () => {
	const gone = new ContainerBuilderError('lease-lost', 'over');
	await expect(budgetOf({ confirm: () => Promise.reject(gone) }).failed(LOST)).rejects.toMatchObject({
		code: 'builder-lost',
		message: 'the builder b is gone',
		cause: gone,
	});
	const shorter = budgetOf({ confirm: async () => 100 });
	await shorter.failed(LOST);
	clock.time = 100;
	await expect(shorter.failed(LOST)).rejects.toMatchObject({ code: 'builder-lost' });
	const unknowing = budgetOf({ confirm: async () => undefined });
	await unknowing.failed(LOST);
	clock.time = 900;
	await unknowing.failed(LOST);
});

test('where nobody listens at all, patience may be shorter', async () => {
	const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
	const refused = new ContainerBuilderError('builder-unreachable', 'no', { cause });
	const budget = budgetOf({ refusedMs: 100 });
	await budget.failed(LOST);
	clock.time = 200;
	await budget.failed(LOST);
	await expect(budget.failed(refused)).rejects.toMatchObject({ code: 'builder-lost' });
	const patient = budgetOf();
	await patient.failed(refused);
	clock.time = 900;
	await patient.failed(refused);
});

test('a signal ends the waiting', async () => {
	const controller = new AbortController();
	const waiting = budgetOf({ firstDelayMs: 900 }).failed(LOST, { signal: controller.signal });
	controller.abort('stop');
	await expect(waiting).rejects.toMatchObject({ code: 'canceled', message: 'stop' });
});
