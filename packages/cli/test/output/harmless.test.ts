import { expect, test } from 'vitest';
import { showBuilds } from '../../src/commands/show-builds.js';
import { showStatus } from '../../src/commands/show-status.js';
import { harmless } from '../../src/output/harmless.js';

/** Clears the screen, sets the title, goes to the beginning, rings, hides, turns around, begins lines of its own. */
const TRICKS = 'a\u001b[2J\u001b]0;title\u0007b\rc\u0008d\u202ee\u200bf\ng\u2028h\u009b31mi';
/** All that may be left: what stands there, and line ends that are ours. */
const STANDS = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

test('what others have chosen does nothing to a terminal', () => {
	expect(harmless(TRICKS)).toMatch(STANDS);
	expect(harmless(TRICKS)).toMatch(/^ab.c.d.e.f.g.h.*i$/u);
	expect(harmless('/home/ålice/Bilder ✓/日本.sif')).toBe('/home/ålice/Bilder ✓/日本.sif');
});

test('nor do the names, paths and messages of others in a list of builds and in a status', () => {
	const shown = [
		showBuilds(
			[
				{
					...{ buildId: 'build-0001', user: TRICKS, state: 'failed', architecture: 'amd64', ageMs: 1 },
					...{ labels: { image: TRICKS }, builderId: 'b' },
					error: { code: 'build-failed', message: TRICKS, retryable: false },
				},
			],
			{ ofAll: true },
		),
		showStatus(
			{
				...{ owner: 'o', version: '0', state: 'open', pools: [] },
				builders: [{ id: 'b', pool: 'p', state: 'creating', ageMs: 1, fault: TRICKS, user: TRICKS }],
				waiting: [{ buildId: 'build-0002', user: TRICKS, architecture: 'amd64', place: 1, waitingMs: 1 }],
			},
			{ explain: true },
		),
	];
	for (const text of shown) {
		for (const line of text.split('\n')) expect(line).toMatch(STANDS);
		expect(text).not.toMatch(/^[^A-Z-].*$/m);
	}
});
