import type { BuildEvent } from '@olcf/container-builder-core/spec';
import { describe, expect, test } from 'vitest';
import { briefDuration } from '../../src/output/brief-duration.js';
import { describeLimits, describeLimitUse } from '../../src/output/describe-limits.js';
import { describeWait } from '../../src/output/describe-wait.js';
import { TransferMeter } from '../../src/output/transfer-meter.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GIBIBYTE = 2 ** 30;

test.each([
	[0, '0 s'],
	[40_400, '40 s'],
	[89_499, '89 s'],
	[125_000, '2 min'],
	[30 * MINUTE, '30 min'],
	[2 * HOUR, '2 h'],
	[2 * HOUR + 10 * MINUTE, '2 h 10 min'],
	[24 * HOUR - 1, '24 h'],
])('%d ms are %s', (milliseconds, text) => {
	expect(briefDuration(milliseconds)).toBe(text);
});

describe('a wait', () => {
	const place = (news: object): string =>
		describeWait({ type: 'queue-place', place: 1, reason: 'builder-starting', ...news } as Extract<
			BuildEvent,
			{ type: 'queue-place' }
		>);

	test.each([
		[{ place: 3, starting: 2, estimateMs: 40_000 }, '3rd in line, 2 builders starting, about 40 s'],
		[{ starting: 1, detail: 'booting' }, 'a builder is starting, booting'],
		[{ reason: 'all-builders-busy', busy: 1 }, '1st in line, the one builder is busy'],
		[{ place: 11, reason: 'all-builders-busy', busy: 8 }, '11th in line, all 8 builders are busy'],
		[{ place: 22, reason: 'user-limit' }, '22nd in line, as many of your builds run as may'],
		[{ reason: 'queue-starting' }, 'the queue is starting'],
		[{ reason: 'provider-failing', detail: 'Nova says 503' }, 'builders fail to start, Nova says 503'],
		[{ reason: 'something-new' }, 'something-new'],
	])('%j: %s', (news, text) => {
		expect(place(news)).toBe(text);
	});
});

describe('limits', () => {
	test.each([
		[{ timeMs: 30 * MINUTE, outputBytes: GIBIBYTE, deadlineMs: 24 * HOUR }, '30 min, 1.0 GiB of output'],
		[{ outputBytes: GIBIBYTE, deadlineMs: 24 * HOUR - 7 }, '24 h, 1.0 GiB of output'],
		[
			{ timeMs: 48 * HOUR, outputBytes: 1024, imageBytes: GIBIBYTE, deadlineMs: HOUR },
			'60 min, 1.0 KiB of output, an image of 1.0 GiB',
		],
	])('%j: %s', (limits, text) => {
		expect(describeLimits(limits)).toBe(text);
	});

	test.each([
		[
			{ limit: 'time', used: 24 * MINUTE, of: 30 * MINUTE } as const,
			'80 % of the time that the build may take are over: it ends in 6 min (--limit-time)',
		],
		[
			{ limit: 'deadline', used: 8 * HOUR, of: 10 * HOUR } as const,
			'80 % of the time that the queue keeps the builder for are over: the build ends in 2 h',
		],
		[
			{ limit: 'output', used: 820, of: 1000 } as const,
			'82 % of the output that may be are there: 820 bytes of 1000 bytes; the build ends at all of it',
		],
	])('%j: %s', (use, text) => {
		expect(describeLimitUse(use)).toBe(text);
	});
});

describe('a transfer', () => {
	const MEBIBYTE = 2 ** 20;

	test('tells rate and time left once there is something to measure', () => {
		let now = 0;
		const meter = new TransferMeter(() => now);
		expect(meter.describe(0, 100 * MEBIBYTE)).toBe('[--------------------] 0 %, 0 bytes of 100.0 MiB');
		now = 1000;
		expect(meter.describe(10 * MEBIBYTE, 100 * MEBIBYTE)).toBe(
			'[##------------------] 10 %, 10.0 MiB of 100.0 MiB, 10.0 MiB/s, 9 s left',
		);
	});

	test('goes by the last seconds', () => {
		let now = 0;
		const meter = new TransferMeter(() => now);
		for (; now <= 10_000; now += 1000) meter.describe(0, MEBIBYTE * 100);
		expect(meter.describe(0, MEBIBYTE * 100)).toContain('stalled');
		let bytes = 0;
		for (; now <= 30_000; now += 1000) {
			bytes += MEBIBYTE;
			meter.describe(bytes, MEBIBYTE * 100);
		}
		expect(meter.describe(bytes, MEBIBYTE * 100)).toMatch(/, 1\.0 MiB\/s|, [89]\d\d\.\d KiB\/s/);
	});

	test('is whole where there is nothing to transfer', () => {
		expect(new TransferMeter(() => 0).describe(0, 0)).toBe(
			'[####################] 100 %, 0 bytes of 0 bytes',
		);
	});
});
