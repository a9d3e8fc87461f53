import { readFile, statfs } from 'node:fs/promises';
import type { OutputLog } from '../output/output-log.js';
import { inUserNamespace } from '../process/user-namespace.js';

/** With less than this left a disk counts as full. */
const FULL_DISK_BYTES = 8 * 1024 * 1024;
/** How much of the output's end is looked through. */
const TAIL_BYTES = 65_536;

const DISK_WORDS = /no space left on device|disk quota exceeded/i;
const PROCESS_WORDS =
	/\b(?:can't|cannot|could not) fork\b|(?:fork|clone)\b[^\n]*resource temporarily unavailable/i;

/**
 * Tells what a backend that failed had used up. What it wrote is looked at as well, since it cleans up before it
 * ends, and then there is room again.
 */
export class ExhaustionWatch {
	readonly #directories: readonly string[];
	readonly #oomKillsBefore: number;

	private constructor(directories: readonly string[], oomKills: number) {
		this.#directories = directories;
		this.#oomKillsBefore = oomKills;
	}

	/** Begins before the backend does. */
	static async begin(directories: readonly string[]): Promise<ExhaustionWatch> {
		return new ExhaustionWatch(directories, await countOomKills());
	}

	/** What was used up, as far as it can be told. */
	async find(output: OutputLog): Promise<'memory' | 'disk' | 'processes' | undefined> {
		if ((await countOomKills()) > this.#oomKillsBefore) return 'memory';
		for (const directory of this.#directories) {
			const { bavail, bsize } = await statfs(directory);
			if (bavail * bsize < FULL_DISK_BYTES) return 'disk';
		}
		const tail = (await output.tail(TAIL_BYTES)).toString('latin1');
		if (DISK_WORDS.test(tail)) return 'disk';
		return PROCESS_WORDS.test(tail) ? 'processes' : undefined;
	}
}

/**
 * Processes killed for want of memory: in this process's own control group, where that can be read, and where this
 * is no sandbox but a machine, on all of it.
 */
async function countOomKills(): Promise<number> {
	const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
	const number = (counters: string): number => Number(/^oom_kill (\d+)$/m.exec(counters)?.[1] ?? 0);
	const groups = await text('/proc/self/cgroup');
	let kills = 0;
	for (const line of groups.split('\n')) {
		const [, controllers, ...rest] = line.split(':');
		const path = rest.join(':');
		const file =
			controllers === ''
				? `/sys/fs/cgroup${path}/memory.events`
				: controllers?.split(',').includes('memory')
					? `/sys/fs/cgroup/memory${path}/memory.oom_control`
					: undefined;
		if (file === undefined) continue;
		kills += number(await text(file));
	}
	return (await inUserNamespace()) ? kills : kills + number(await text('/proc/vmstat'));
}
