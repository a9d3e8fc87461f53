import type { BuilderPhase } from '@olcf/container-builder-core';

/** What moves a builder from one phase to the next. */
export type PhaseInput =
	| 'lease'
	/** A build that has a context was started. */
	| 'start-with-context'
	/** A build without a context was started. */
	| 'start'
	| 'context-verified'
	/** The image was written and its digest is known. */
	| 'image-ready'
	| 'failure'
	| 'cancel';

const TRANSITIONS: Readonly<Record<BuilderPhase, Readonly<Partial<Record<PhaseInput, BuilderPhase>>>>> = {
	idle: { lease: 'leased' },
	leased: { 'start-with-context': 'uploading', start: 'building', failure: 'failed', cancel: 'canceled' },
	uploading: { 'context-verified': 'building', failure: 'failed', cancel: 'canceled' },
	building: { 'image-ready': 'built', failure: 'failed', cancel: 'canceled' },
	built: {},
	failed: {},
	canceled: {},
};

/** The phase that follows, or undefined where the input means nothing in this phase. */
export function nextPhase(phase: BuilderPhase, input: PhaseInput): BuilderPhase | undefined {
	return TRANSITIONS[phase][input];
}

/** Whether nothing can follow. */
export function isFinal(phase: BuilderPhase): phase is 'built' | 'failed' | 'canceled' {
	return phase === 'built' || phase === 'failed' || phase === 'canceled';
}
