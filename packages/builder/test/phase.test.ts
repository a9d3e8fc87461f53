import type { BuilderPhase } from '@olcf/container-builder-core';
import { describe, expect, it } from 'vitest';
import { isFinal, nextPhase, type PhaseInput } from '../src/build/phase.js';

const INPUTS: readonly PhaseInput[] = [
	'lease',
	'start-with-context',
	'start',
	'context-verified',
	'image-ready',
	'failure',
	'cancel',
];

describe('nextPhase', () => {
	it.each<[BuilderPhase, Partial<Record<PhaseInput, BuilderPhase>>]>([
		['idle', { lease: 'leased' }],
		[
			'leased',
			{ 'start-with-context': 'uploading', start: 'building', failure: 'failed', cancel: 'canceled' },
		],
		['uploading', { 'context-verified': 'building', failure: 'failed', cancel: 'canceled' }],
		['building', { 'image-ready': 'built', failure: 'failed', cancel: 'canceled' }],
		['built', {}],
		['failed', {}],
		['canceled', {}],
	])('from %s leads to %o, and nowhere else', (phase, expected) => {
		for (const input of INPUTS) expect([input, nextPhase(phase, input)]).toEqual([input, expected[input]]);
	});

	it('knows the final phases', () => {
		const phases: BuilderPhase[] = ['idle', 'leased', 'uploading', 'building', 'built', 'failed', 'canceled'];
		expect(phases.filter(isFinal)).toEqual(['built', 'failed', 'canceled']);
	});
});
