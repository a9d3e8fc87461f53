import { describe, expect, it } from 'vitest';
import { chooseReady } from '../../src/policy/choose-ready.js';
import { usableMs } from '../../src/policy/usable-ms.js';
import { POLICY, snapshot } from './pool-world.js';

describe('the builder that is handed out', () => {
	it.each([
		['none', [], undefined],
		['none that is not ready', ['creating', 'booting', 'leased', 'failed', 'destroying'], undefined],
		['the oldest', ['leased', 'ready', 'ready'], 'b1'],
		['a fresh one before an old one', ['ready!', 'ready'], 'b1'],
		['an old one where there is no other', ['booting', 'ready!', 'ready!'], 'b1'],
		['none that has expired', ['ready?'], undefined],
	])('%s', (_name, builders, id) => {
		expect(chooseReady(snapshot(builders).builders, POLICY)?.id).toBe(id);
	});

	it('is one that has not been in reserve for too long, if there is one', () => {
		const [first, second] = snapshot(['ready', 'ready']).builders;
		if (first === undefined || second === undefined) throw new Error('no builders');
		const policy = { maxReserveAgeMs: 5_000 };
		expect(chooseReady([{ ...first, ageMs: 5_000 }, second], policy)?.id).toBe('b1');
		expect(chooseReady([{ ...first, ageMs: 4_999 }, second], policy)?.id).toBe('b0');
	});

	it('is young enough for a whole lease, or for half a life', () => {
		expect(usableMs({ lifetimeMs: 24, deadlineMs: 4 })).toBe(20);
		expect(usableMs({ lifetimeMs: 24, deadlineMs: 20 })).toBe(12);
	});
});
