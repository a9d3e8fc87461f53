import { readFileSync } from 'node:fs';

/** The most memory that a process has had resident so far, in MiB. */
export function peakMemory(pid) {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
