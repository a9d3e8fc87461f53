import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readControlGroups } from './control-groups.js';
import { groupDirectories } from './group-plan.js';
import { stateTag } from './machine-id.js';
import { readMachine } from './read-machine.js';
import { runScript } from './run-script.js';

/** Something that bears a machine's name, but there is no such machine. */
export interface Stray {
	readonly kind: 'cgroup' | 'files';
	readonly machine: string;
	readonly path: string;
}

/** Finds what machines of this state directory left elsewhere: a machine's directory is made first and removed last. */
export async function findStrays(
	stateDirectory: string,
	disks: string | undefined,
	olderThanMs: number,
): Promise<readonly Stray[]> {
	const groups = await readControlGroups();
	const places = [
		...groupDirectories(groups).map((path) => ({ kind: 'cgroup' as const, path })),
		...(disks === undefined ? [] : [{ kind: 'files' as const, path: disks }]),
	];
	const strays: Stray[] = [];
	for (const { kind, path } of places) {
		for (const name of await readdir(path).catch(() => [])) {
			const machine = machineOf(stateDirectory, name);
			if (machine === undefined) continue;
			const found = await stat(join(path, name)).catch(() => undefined);
			if (found === undefined || Date.now() - found.mtimeMs < olderThanMs) continue;
			if ((await readMachine(stateDirectory, machine)) !== undefined) continue;
			strays.push({ kind, machine, path: join(path, name) });
		}
	}
	return strays;
}

/** Removes a stray as if it were a machine's that has nothing else; false where there is such a machine now. */
export async function removeStray(stateDirectory: string, stray: Stray): Promise<boolean> {
	const directory = join(stateDirectory, stray.machine);
	try {
		await mkdir(directory, { mode: 0o700 });
	} catch {
		return false;
	}
	// Its machine may have been removed, and it with it, since it was found.
	if ((await stat(stray.path).catch(() => undefined)) === undefined) {
		await rmdir(directory);
		return false;
	}
	await writeFile(
		join(directory, 'resources'),
		`${stray.kind === 'cgroup' ? 'make' : 'disk'} ${stray.path}\n`,
	);
	await runScript('stop.sh', [directory]);
	return true;
}

/** Whether a name in the state directory is that of a machine's directory that has not got its final name. */
export function isUnfinished(name: string): boolean {
	return /^[0-9a-f]{16}\.\d+$/.test(name);
}

/** Removes it where the supervisor in whose name it stands is dead. */
export async function removeUnfinished(directory: string): Promise<boolean> {
	const pid = Number(directory.slice(directory.lastIndexOf('.') + 1));
	if ((await stat(`/proc/${pid}`).catch(() => undefined)) !== undefined) return false;
	await rm(directory, { recursive: true, force: true });
	return true;
}

function machineOf(stateDirectory: string, name: string): string | undefined {
	const match = /^([0-9a-f]{8})\.([0-9a-f]{16})(\.img)?$/.exec(name);
	return match?.[1] === stateTag(stateDirectory) ? match[2] : undefined;
}
