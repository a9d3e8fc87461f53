import { readdirSync, readFileSync } from 'node:fs';

/** Largest resident size so far of a process, in MiB; 0 where it is gone. */
export function peakMemory(pid: number): number {
	try {
		return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
	} catch {
		return 0;
	}
}

/** Process ids of the daemons in sandboxes. */
export function daemons(): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.filter((pid) => {
			try {
				const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
				return command.startsWith('/usr/bin/node\0') && command.includes('cb-builder.mjs');
			} catch {
				return false;
			}
		})
		.map(Number);
}
