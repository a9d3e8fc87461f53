import { readFile } from 'node:fs/promises';

/** A process, told apart from another one that has got its number later. */
export interface ProcessIdentity {
	readonly pid: number;
	/** Ticks from the boot of this machine to its start: field 22 of proc_pid_stat(5). */
	readonly startTicks: string;
	/** Its process group: field 5. */
	readonly group: number;
}

/** The process of a number; undefined where there is none, or only what is left of one. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
	const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
	// The name is in parentheses and may hold anything.
	const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
	const [state, group, startTicks] = [fields?.[0], fields?.[2], fields?.[19]];
	if (state === undefined || startTicks === undefined || state === 'Z' || state === 'X') return undefined;
	return { pid, startTicks, group: Number(group) };
}

/** Whether it is there still. */
export async function isRunning({
	pid,
	startTicks,
}: Pick<ProcessIdentity, 'pid' | 'startTicks'>): Promise<boolean> {
	return (await processIdentity(pid))?.startTicks === startTicks;
}
