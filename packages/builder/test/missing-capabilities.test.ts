import { describe, expect, it } from 'vitest';
import { missingCapabilities, missingFrom } from '../src/backends/missing-capabilities.js';

describe('missingFrom', () => {
	it.each([
		[0x1ffffffffffn, 40, []],
		[0x1fffeffffffn, 40, ['CAP_SYS_RESOURCE']],
		[0x1fffffffffen, 40, ['CAP_CHOWN']],
		[0xffffffffffn, 40, ['CAP_CHECKPOINT_RESTORE']],
		[0xffffffffffn, 39, []],
	])('%x of %i', (effective, last, expected) => {
		expect(missingFrom(effective, last)).toEqual(expected);
	});

	it('reads this process’s own', async () => {
		expect((await missingCapabilities()).every((name) => /^CAP_[A-Z_]+$/.test(name))).toBe(true);
	});
});
