import { formatProblems } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';

test('a line for each problem', () => {
	expect(
		formatProblems('app.def', [
			{ severity: 'error', message: 'wrong', position: { line: 3, column: 5 } },
			{ severity: 'warning', message: 'odd', position: { line: 10, column: 1 } },
		]),
	).toEqual(['app.def:3:5: error: wrong', 'app.def:10:1: warning: odd']);
	expect(formatProblems('app.def', [])).toEqual([]);
});
