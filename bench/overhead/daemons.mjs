import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the daemons in this machine's sandboxes. */
export function daemons() {
	return readdirSync('/proc').filter((pid) => {
		if (!/^\d+$/.test(pid)) return false;
		try {
			const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
			return command.startsWith('/usr/bin/node\0') && command.includes('cb-builder.mjs');
		} catch {
			return false;
		}
	});
}
