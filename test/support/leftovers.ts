import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** What a sandbox could leave behind on this machine. */
export interface Leftovers {
	readonly mounts: readonly string[];
	readonly loops: readonly string[];
	readonly processes: readonly string[];
	readonly cgroups: readonly string[];
	readonly sandboxes: readonly string[];
}

const STATE = '/run/container-builder';

/** Everything there is now that only sandboxes make. */
export function leftovers(): Leftovers {
	return {
		mounts: readFileSync('/proc/mounts', 'utf8')
			.split('\n')
			.filter((line) => line.includes('container-builder')),
		loops: execFileSync('losetup', ['-l', '-n', '-O', 'BACK-FILE'], { encoding: 'utf8' })
			.split('\n')
			.filter((line) => line.includes('container-builder')),
		processes: processes(),
		cgroups: ['pids', 'memory', 'freezer', 'cpu']
			.map((name) => `/sys/fs/cgroup/${name}/container-builder`)
			.flatMap((path) => (existsSync(path) ? directories(path) : [])),
		sandboxes: directories(STATE),
	};
}

/** Waits up to ten seconds for the machine to be as it was; a difference fails the test by name. */
export async function expectNothingLeft(before: Leftovers): Promise<void> {
	for (let round = 0; round < 100; round++) {
		if (JSON.stringify(leftovers()) === JSON.stringify(before)) return;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	expect(leftovers()).toEqual(before);
}

/** Processes whose ids are those of a sandbox: 99999 owns the outer namespace, the inner one starts at 100000. */
function processes(): string[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => {
			try {
				const status = readFileSync(`/proc/${pid}/status`, 'utf8');
				const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
				const zombie = /^State:\s+Z/m.test(status);
				return uid >= 99_999 && uid < 400_000 && !zombie
					? [`${pid} ${/^Name:\s+(.*)/m.exec(status)?.[1]}`]
					: [];
			} catch {
				return [];
			}
		});
}

function directories(path: string, depth = 3): string[] {
	if (!existsSync(path) || depth === 0) return [];
	return readdirSync(path, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.flatMap((entry) => [`${path}/${entry.name}`, ...directories(`${path}/${entry.name}`, depth - 1)])
		.sort();
}
