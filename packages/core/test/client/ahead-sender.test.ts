import { describe, expect, it } from 'vitest';
import { AheadSender } from '../../src/client/ahead-sender.js';
import { deferred } from '../../src/concurrency/deferred.js';
import type { Channel, Frame } from '../../src/spec/index.js';

/** A channel that takes a frame when it is told to. */
function slowChannel() {
	const sent: Frame[] = [];
	const waiting: ReturnType<typeof deferred<void>>[] = [];
	const send = async (frame: Frame): Promise<void> => {
		sent.push(frame);
		const taken = deferred<void>();
		waiting.push(taken);
		await taken.promise;
	};
	return { channel: { send } as Partial<Channel> as Channel, sent, waiting };
}

/** A clock that is set by hand. */
function handClock() {
	const clock = { time: 0, now: () => clock.time, schedule: () => () => {} };
	return clock;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('frames sent ahead', () => {
	it('keep their order, whichever is made first', async () => {
		const { channel, sent, waiting } = slowChannel();
		const sender = new AheadSender(channel, { count: 4, clock: handClock() });
		const first = deferred<Frame>();
		await sender.send(first.promise, () => {});
		await sender.send(Promise.resolve('second'), () => {});
		await turn();
		expect(sent).toEqual([]);
		first.resolve('first');
		await turn();
		expect(sent).toEqual(['first', 'second']);
		for (const { resolve } of waiting) resolve();
		await sender.done();
	});

	it('are so many at a time, and the next one waits for the oldest', async () => {
		const { channel, sent, waiting } = slowChannel();
		const sender = new AheadSender(channel, { count: 2, clock: handClock() });
		const told: number[] = [];
		await sender.send(Promise.resolve('1'), () => told.push(1));
		let hasRoom = false;
		const second = sender
			.send(Promise.resolve('2'), () => told.push(2))
			.then(() => {
				hasRoom = true;
			});
		await turn();
		expect({ sent: [...sent], hasRoom, told: [...told] }).toEqual({
			sent: ['1', '2'],
			hasRoom: false,
			told: [],
		});
		waiting[0]?.resolve();
		await second;
		expect(told).toEqual([1]);
		waiting[1]?.resolve();
		await sender.done();
		expect(told).toEqual([1, 2]);
	});

	it('tell for how long the link was busy', async () => {
		const { channel, waiting } = slowChannel();
		const clock = handClock();
		const sender = new AheadSender(channel, { count: 4, clock });
		clock.time = 100;
		await sender.send(Promise.resolve('1'), () => {});
		await turn();
		clock.time = 130;
		expect(sender.busyMs).toBe(30);
		waiting[0]?.resolve();
		await sender.done();
		clock.time = 500;
		expect(sender.busyMs).toBe(30);
	});

	it('fail with what one of them failed with', async () => {
		const { channel, waiting } = slowChannel();
		const sender = new AheadSender(channel, { count: 4, clock: handClock() });
		await sender.send(Promise.resolve('1'), () => {});
		await sender.send(Promise.reject(new Error('not made')), () => {});
		await turn();
		waiting[0]?.resolve();
		await expect(sender.done()).rejects.toThrow('not made');
	});
});
