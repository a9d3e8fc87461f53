import { join } from 'node:path';

/**
 * Where the output of builds is kept: `container-builder/logs` in `$XDG_STATE_HOME` or `~/.local/state` (XDG Base
 * Directory Specification). Undefined for who has no home.
 */
export function logDirectory({ XDG_STATE_HOME, HOME }: NodeJS.ProcessEnv): string | undefined {
	const state = XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : HOME && join(HOME, '.local', 'state');
	return state ? join(state, 'container-builder', 'logs') : undefined;
}
