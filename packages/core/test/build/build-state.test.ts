import type { BuildState } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { BUILD_TRANSITIONS, isFinalState, nextBuildState } from '../../src/build/build-state.js';

const STATES = Object.keys(BUILD_TRANSITIONS) as BuildState[];
const TABLE: Readonly<Record<BuildState, string>> = {
	queued: 'connecting queued failed canceled',
	connecting: 'uploading building built queued failed canceled',
	uploading: 'building built queued failed canceled',
	building: 'built queued failed canceled',
	built: 'downloading succeeded queued failed canceled',
	downloading: 'succeeded queued failed canceled',
	succeeded: '',
	failed: '',
	canceled: '',
};

test.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
	if (TABLE[from].split(' ').includes(to)) expect(nextBuildState(from, to)).toBe(to);
	else expect(() => nextBuildState(from, to)).toThrow(TypeError);
});

test('the final states', () => {
	expect(STATES.filter(isFinalState)).toEqual(['succeeded', 'failed', 'canceled']);
});
