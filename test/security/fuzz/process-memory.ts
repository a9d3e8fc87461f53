import { readdirSync, readFileSync } from 'node:fs';

/** The most memory that a process has had resident so far, in MiB; 0 where it is gone. */
export function peakMemory(pid: number): number {
	try {
		const status = readFileSync(`/proc/${pid}/status`, 'utf8');
		return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
	} catch {
		return 0;
	}
}

/** The processes of this machine whose command line has these words. */
export function processesOf(words: string): readonly number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number)
		.filter((pid) => {
			try {
				return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words);
			} catch {
				return false;
			}
		});
}
