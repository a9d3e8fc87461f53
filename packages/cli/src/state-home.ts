import { join } from 'node:path';

/**
 * Where what outlives a command is kept: `container-builder` in `$XDG_STATE_HOME` or `~/.local/state` (XDG Base Directory
 * Specification). Undefined for who has no home.
 */
export function stateHome({ XDG_STATE_HOME, HOME }: NodeJS.ProcessEnv): string | undefined {
	const state = XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : HOME && join(HOME, '.local', 'state');
	return state ? join(state, 'container-builder') : undefined;
}
