import { readFile, readlink } from 'node:fs/promises';
import type { HoldRecord } from './hold-record.js';

/** A process as nobody else can be on this machine until it is started again. */
export type HolderProcess = NonNullable<HoldRecord['process']>;

/** What the kernel says of a process in `/proc/PID/stat`. */
interface ProcessState {
	readonly pid: number;
	/** One letter; `Z` and `X` are dead and wait for their parent. */
	readonly state: string;
	/** Ticks since the machine was started. */
	readonly startTime: string;
}

/** Reads `/proc/PID/stat`; undefined where it is something else. */
export function parseProcessStat(text: string): ProcessState | undefined {
	// The name, in brackets, may have brackets and spaces of its own.
	const close = text.lastIndexOf(')');
	const pid = /^\d+(?= \()/.exec(text)?.[0];
	const [state, ...fields] = text.slice(close + 2).split(' ');
	const startTime = fields[18];
	if (close < 0 || pid === undefined || !state || !/^\d+$/.test(startTime ?? '')) return undefined;
	return { pid: Number(pid), state, startTime: startTime ?? '' };
}

/** This process; null where the system does not tell, or tells of another namespace's processes. */
export async function thisProcess(): Promise<HolderProcess | null> {
	try {
		const [stat, bootId, pidNamespace] = await Promise.all([
			readFile('/proc/self/stat', 'utf8'),
			readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
			readlink('/proc/self/ns/pid'),
		]);
		const found = parseProcessStat(stat);
		if (found?.pid !== process.pid) return null;
		return { pid: found.pid, startTime: found.startTime, bootId: bootId.trim(), pidNamespace };
	} catch {
		return null;
	}
}

/** Whether a holder is known to be gone; false where that cannot be seen from here. */
export async function isGone(holder: HolderProcess | null, self: HolderProcess | null): Promise<boolean> {
	if (holder === null || self === null) return false;
	if (holder.bootId !== self.bootId || holder.pidNamespace !== self.pidNamespace) return false;
	try {
		const found = parseProcessStat(await readFile(`/proc/${holder.pid}/stat`, 'utf8'));
		if (found === undefined) return false;
		return found.startTime !== holder.startTime || found.state === 'Z' || found.state === 'X';
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return code === 'ENOENT' || code === 'ESRCH';
	}
}
