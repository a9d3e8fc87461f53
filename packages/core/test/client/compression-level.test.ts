import { describe, expect, it } from 'vitest';
import { CompressionLevel } from '../../src/client/compression-level.js';

/** The level after so many frames of which each takes 10 ms, and the link is busy for this share of it. */
function after(frames: number, share: number, level = new CompressionLevel(), from = 0): CompressionLevel {
	for (let frame = 1; frame <= frames; frame++) {
		const now = (from + frame) * 10;
		level.note(now, now * share);
	}
	return level;
}

describe('the level of compression', () => {
	it('begins low', () => {
		expect(new CompressionLevel().now).toBe(1);
	});

	it('rises to the highest while the link is what takes the time', () => {
		expect(after(100, 1).now).toBe(6);
	});

	it('falls to none while the link waits', () => {
		expect(after(100, 0.2).now).toBe(0);
	});

	it('stays where both are busy', () => {
		expect(after(100, 0.8).now).toBe(1);
	});

	it('follows a link that gets slower', () => {
		const level = after(100, 0.2);
		for (let frame = 1; frame <= 100; frame++) level.note(1_000 + frame * 10, 200 + frame * 10);
		expect(level.now).toBe(6);
	});

	it('is not decided by single frames', () => {
		const level = new CompressionLevel();
		for (let frame = 1; frame <= 7; frame++) level.note(frame * 10, frame * 10);
		expect(level.now).toBe(1);
	});
});
