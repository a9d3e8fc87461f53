import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { builderImagePrerequisites, hasRange, requiredMode } from '../../src/image/prerequisites.js';

afterEach(() => vi.unstubAllEnvs());

it('names what is missing, and the one line that installs it', async () => {
	const empty = await mkdtemp(join(tmpdir(), 'prerequisites-'));
	vi.stubEnv('PATH', empty);
	const found = await builderImagePrerequisites();
	await rm(empty, { recursive: true });
	expect(found.ready).toBe(false);
	expect(found.requirements).toContainEqual({
		name: 'mmdebstrap',
		debianPackage: 'mmdebstrap',
		present: false,
	});
	expect(found.install).toMatch(/^apt-get install --yes --no-install-recommends mmdebstrap zstd tar /);
	expect(() => requiredMode(found)).toThrow(
		expect.objectContaining({
			code: 'provider-misconfigured',
			message: expect.stringContaining('needs mmdebstrap, zstd, tar'),
			hint: `Run as root: ${found.install}`,
		}),
	);
});

describe('requiredMode', () => {
	const ready = {
		ready: true,
		requirements: [],
		install: undefined,
		mode: 'unshare',
		problem: undefined,
		hint: undefined,
	} as const;

	it('is the mode where nothing is missing', () => {
		expect(requiredMode(ready)).toBe('unshare');
	});

	it('explains what a user lacks', () => {
		const lacking = { ...ready, ready: false, mode: undefined, problem: 'no range', hint: 'usermod' };
		expect(() => requiredMode(lacking)).toThrow(
			expect.objectContaining({ code: 'provider-misconfigured', message: 'no range', hint: 'usermod' }),
		);
	});
});

describe('hasRange', () => {
	it.each([
		['ann:100000:65536\n', true],
		['bob:1:65536\nann:100000:131072\n', true],
		['1000:100000:65536\n', true],
		['ann:100000:1000\n', false],
		['annabel:100000:65536\n', false],
		['', false],
	])('%j', (text, expected) => {
		expect(hasRange(text, 'ann', 1000)).toBe(expected);
	});
});
