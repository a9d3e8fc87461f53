import { readFile } from 'node:fs/promises';

/** A process that a machine's scripts recorded: its pid and its start time name it for ever. */
export interface RecordedProcess {
	readonly name: string;
	readonly pid: number;
	/** Clock ticks since boot. */
	readonly startTime: string;
}

/** Content of a machine's file `processes`. */
export interface ProcessList {
	readonly bootId: string | undefined;
	readonly processes: readonly RecordedProcess[];
}

/** Reads lines of `NAME PID START`, and `boot ID 0`; a line that is not whole counts as not there. */
export function parseProcessList(text: string): ProcessList {
	let bootId: string | undefined;
	const processes: RecordedProcess[] = [];
	for (const line of text.split('\n').slice(0, -1)) {
		const [name = '', second = '', startTime = ''] = line.split(' ');
		if (name === 'boot') bootId = second;
		else if (/^\d+$/.test(second) && /^\d+$/.test(startTime)) {
			processes.push({ name, pid: Number(second), startTime });
		}
	}
	return { bootId, processes };
}

/** State and start time from the text of `/proc/PID/stat`. */
export function parseProcessStat(
	text: string,
): { readonly state: string; readonly startTime: string } | undefined {
	// The name, in parentheses, may hold anything.
	const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ');
	const [state, startTime] = [fields[0], fields[19]];
	return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

/** Whether that very process runs; one that waits to be collected does not. */
export async function isAlive({ pid, startTime }: RecordedProcess): Promise<boolean> {
	const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
	const found = text === undefined ? undefined : parseProcessStat(text);
	return found?.startTime === startTime && !['Z', 'X'].includes(found.state);
}

let bootId: Promise<string> | undefined;

/** This boot: pids and times since boot mean something within one only. */
export function currentBootId(): Promise<string> {
	bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim());
	return bootId;
}
