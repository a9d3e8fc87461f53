import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where a queue of this owner keeps its state where its configuration does not say: for root
 * `/var/lib/container-builder/OWNER`, else `$XDG_STATE_HOME/container-builder/OWNER`, by default below
 * `~/.local/state` (XDG Base Directory Specification).
 */
export function stateDirectory(
	owner: string,
	environment: Readonly<Record<string, string | undefined>>,
): string {
	const base = environment.XDG_STATE_HOME;
	if (base?.startsWith('/')) return join(base, 'container-builder', owner);
	return process.getuid?.() === 0
		? join('/var/lib/container-builder', owner)
		: join(homedir(), '.local', 'state', 'container-builder', owner);
}
