import { access, constants, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The controllers that limits are made of. */
export type Controller = 'memory' | 'pids' | 'cpu' | 'freezer';

/** The control groups that this process may make groups in. */
export type ControlGroups =
	| {
			readonly version: 1;
			/** The directory of each hierarchy that may be written. */
			readonly hierarchies: Readonly<Partial<Record<Controller, string>>>;
			/** Whether memory and swap can be limited together. */
			readonly swap: boolean;
	  }
	| {
			readonly version: 2;
			/** The group under which ours may be made. */
			readonly base: string;
			readonly controllers: readonly Controller[];
	  }
	| { readonly version: 'none' };

/** Where control groups are mounted, and which one this process is in. */
export interface GroupMounts {
	readonly hierarchies: Readonly<Partial<Record<Controller, string>>>;
	readonly unified: string | undefined;
	/** Path within the unified hierarchy. */
	readonly own: string;
}

const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu', 'freezer'];

/** Reads `/proc/self/mountinfo` and `/proc/self/cgroup`. */
export function parseGroupMounts(mountinfo: string, self: string): GroupMounts {
	const hierarchies: Partial<Record<Controller, string>> = {};
	let unified: string | undefined;
	for (const line of mountinfo.split('\n')) {
		const [left = '', right = ''] = line.split(' - ');
		const path = unescapeMount(left.split(' ')[4] ?? '');
		const [type, , options = ''] = right.split(' ');
		if (type === 'cgroup2') unified ??= path;
		if (type !== 'cgroup') continue;
		const names = options.split(',');
		for (const controller of CONTROLLERS) {
			if (names.includes(controller)) hierarchies[controller] ??= path;
		}
	}
	const own = /^0::(.*)$/m.exec(self)?.[1] ?? '/';
	return { hierarchies, unified, own };
}

/** Mount paths have blanks and the like as octal numbers. */
function unescapeMount(path: string): string {
	return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
		String.fromCharCode(Number.parseInt(digits, 8)),
	);
}

/** What this process may do with control groups; writes nothing. */
export async function readControlGroups(): Promise<ControlGroups> {
	const [mountinfo, self] = await Promise.all(
		['/proc/self/mountinfo', '/proc/self/cgroup'].map((path) => readFile(path, 'utf8').catch(() => '')),
	);
	const mounts = parseGroupMounts(mountinfo ?? '', self ?? '');
	const hierarchies: Partial<Record<Controller, string>> = {};
	for (const controller of CONTROLLERS) {
		const path = mounts.hierarchies[controller];
		if (path !== undefined && (await writable(path))) hierarchies[controller] = path;
	}
	if (hierarchies.memory !== undefined || hierarchies.pids !== undefined) {
		const swap =
			hierarchies.memory !== undefined &&
			(await exists(join(hierarchies.memory, 'memory.memsw.limit_in_bytes')));
		return { version: 1, hierarchies, swap };
	}
	if (mounts.unified === undefined) return { version: 'none' };
	const base = await unifiedBase(mounts.unified, mounts.own);
	if (base === undefined) return { version: 'none' };
	const controllers = await usableControllers(base);
	return controllers.length === 0 ? { version: 'none' } : { version: 2, base, controllers };
}

/** Root's is the whole tree; a user's the uppermost group above his own that was handed to him. */
async function unifiedBase(mount: string, own: string): Promise<string | undefined> {
	if (process.getuid?.() === 0 && (await delegated(mount))) return mount;
	let found: string | undefined;
	for (let path = join(mount, own); path.startsWith(mount) && path !== mount; path = dirname(path)) {
		if (!(await delegated(path))) break;
		found = path;
	}
	return found;
}

async function delegated(path: string): Promise<boolean> {
	return (
		(await writable(path)) &&
		(await writable(join(path, 'cgroup.procs'))) &&
		(await writable(join(path, 'cgroup.subtree_control')))
	);
}

/** A group that has processes of its own cannot hand controllers down, the very first one apart. */
async function usableControllers(base: string): Promise<readonly Controller[]> {
	const read = (name: string): Promise<string> => readFile(join(base, name), 'utf8').catch(() => '');
	const [available, enabled, processes] = await Promise.all([
		read('cgroup.controllers'),
		read('cgroup.subtree_control'),
		read('cgroup.procs'),
	]);
	const first = !(await exists(join(base, 'cgroup.type')));
	const names = (first || processes === '' ? available : enabled).split(/\s+/);
	return (['memory', 'pids', 'cpu'] as const).filter((controller) => names.includes(controller));
}

async function writable(path: string): Promise<boolean> {
	return access(path, constants.W_OK).then(
		() => true,
		() => false,
	);
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
