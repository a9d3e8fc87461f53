import { ContainerBuilderError, type PoolBuilderState } from '../../spec/index.js';

/** What can happen to a builder of a pool. */
export type BuilderTransition = 'created' | 'answered' | 'leased' | 'failed' | 'destroy' | 'destroyed';

const TRANSITIONS: Readonly<
	Record<PoolBuilderState, Readonly<Partial<Record<BuilderTransition, PoolBuilderState>>>>
> = {
	creating: { created: 'booting', failed: 'failed', destroy: 'destroying' },
	booting: { answered: 'ready', failed: 'failed', destroy: 'destroying' },
	ready: { leased: 'leased', failed: 'failed', destroy: 'destroying' },
	leased: { failed: 'failed', destroy: 'destroying' },
	failed: { destroy: 'destroying' },
	destroying: { destroyed: 'gone' },
	gone: {},
};

/** Where a transition leads; undefined where it is not allowed. A builder never goes back to `ready`. */
export function nextBuilderState(
	state: PoolBuilderState,
	transition: BuilderTransition,
): PoolBuilderState | undefined {
	return TRANSITIONS[state][transition];
}

/** The same for a transition that the caller knows to be allowed; throws `internal` where it is not. */
export function moveBuilder(state: PoolBuilderState, transition: BuilderTransition): PoolBuilderState {
	const next = nextBuilderState(state, transition);
	if (next === undefined) {
		throw new ContainerBuilderError('internal', `a builder that is ${state} cannot become ${transition}`);
	}
	return next;
}
