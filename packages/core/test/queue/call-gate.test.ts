import { virtualClock } from '@olcf/container-builder-testing';
import { describe, expect, it } from 'vitest';
import { CallGate } from '../../src/queue/pool/call-gate.js';
import { ContainerBuilderError } from '../../src/spec/index.js';

const busy = (retryAfterMs: number | string): ContainerBuilderError =>
	new ContainerBuilderError('provider-unavailable', 'too many requests', {
		details: { retryAfterMs, status: 429 },
	});

describe('the gate before a provider', () => {
	it('lets nothing through that is not to be repeated yet, and tells how long', async () => {
		const clock = virtualClock();
		const gate = new CallGate(clock);
		gate.failed('list', busy(30_000));
		gate.check('create');
		await clock.advance(10_000);
		expect(() => gate.check('list')).toThrow(
			expect.objectContaining({
				code: 'provider-unavailable',
				message: 'too many requests',
				retryable: true,
				outcome: 'none',
				details: { retryAfterMs: 20_000, status: 429 },
			}),
		);
		await clock.advance(20_000);
		gate.check('list');
		gate.check('list');
	});

	it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'soon'])('is not closed by %s', (ms) => {
		const gate = new CallGate(virtualClock());
		gate.failed('create', busy(ms));
		gate.failed('create', new ContainerBuilderError('provider-unavailable', 'no answer'));
		gate.check('create');
	});
});
