import { virtualClock } from '@olcf/container-builder-testing';
import { expect, test } from 'vitest';
import { ContextProgress } from '../src/context/context-progress.js';

/** What is told of a context of 1,000 bytes that arrives in these steps. */
async function told(...steps: readonly { bytes: number; afterMs?: number }[]): Promise<number[]> {
	const clock = virtualClock();
	const received: number[] = [];
	const append = ({ receivedBytes }: { receivedBytes?: number }): void =>
		void received.push(receivedBytes ?? -1);
	const progress = new ContextProgress(1_000, { clock, events: { append } as never });
	for (const { bytes, afterMs = 0 } of steps) {
		await clock.advance(afterMs);
		progress.report(bytes);
	}
	return received;
}

test('each twentieth is told, and the end', async () => {
	const steps = Array.from({ length: 1_001 }, (_, bytes) => ({ bytes }));
	expect(await told(...steps)).toEqual(Array.from({ length: 20 }, (_, index) => 50 * (index + 1)));
	expect(await told({ bytes: 999 }, { bytes: 1_000 }, { bytes: 1_000 })).toEqual([999, 1_000]);
});

test('on a slow line what there is is told after a while, and nothing where there is nothing new', async () => {
	expect(
		await told(
			{ bytes: 1, afterMs: 9_999 },
			{ bytes: 2, afterMs: 1 },
			{ bytes: 2, afterMs: 60_000 },
			{ bytes: 3 },
		),
	).toEqual([2, 3]);
});
