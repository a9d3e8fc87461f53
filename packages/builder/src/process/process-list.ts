import { readdir, readFile } from 'node:fs/promises';

/** One process of this machine, as `/proc` shows it. */
export interface ProcessEntry {
	readonly pid: number;
	readonly parent: number;
	readonly group: number;
	readonly session: number;
}

/** All living processes; those that only wait to be reaped are left out. */
export async function listProcesses(): Promise<readonly ProcessEntry[]> {
	const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const entries = await Promise.all(names.map((name) => readProcess(Number(name))));
	return entries.filter((entry) => entry !== undefined);
}

/** The user that a process runs as, or undefined where it is gone. */
export async function userOf(pid: number): Promise<number | undefined> {
	const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
	const found = /^Uid:\t(\d+)/m.exec(status)?.[1];
	return found === undefined ? undefined : Number(found);
}

/** Whether a process was started with this entry in its environment, as far as one may look. */
export async function hasEnvironment(pid: number, entry: string): Promise<boolean> {
	const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
	return environment.split('\0').includes(entry);
}

async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
	const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
	if (stat === undefined) return undefined;
	// The name before it may have any character in it.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [state, parent, group, session] = fields;
	if (state === 'Z' || state === 'X') return undefined;
	return { pid, parent: Number(parent), group: Number(group), session: Number(session) };
}
