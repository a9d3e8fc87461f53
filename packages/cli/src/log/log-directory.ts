import { join } from 'node:path';
import { stateHome } from '../state-home.js';

/** Where the output of builds is kept. Undefined for who has no home. */
export function logDirectory(environment: NodeJS.ProcessEnv): string | undefined {
	const state = stateHome(environment);
	return state && join(state, 'logs');
}
