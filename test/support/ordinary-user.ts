import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachePath } from '@olcf/container-builder-core';
import { type RunningCommand, root, startProcess } from './command.js';

const UID = 54_321;
/** As who got 65536 ids with his account and more by `usermod --add-subuids` later: sandboxes take the second range. */
const RANGES = [
	{ first: 600_000, count: 65_536 },
	{ first: 700_000, count: 196_608 },
] as const;
/** Where the checkout is seen: its own path may be nobody else's to enter. */
const CHECKOUT = '/opt';

/** Somebody with subordinate ids and no other right, who exists only in the mount namespaces of his commands. */
export interface OrdinaryUser {
	/** His own; on the machine's disk. */
	readonly home: string;
	/** Runs a shell script as him, in his home directory; `$CHECKOUT` is the checkout, `$NODE` runs it. */
	run(script: string): RunningCommand;
	/** His processes, and what his sandboxes left in his directories. */
	left(): readonly string[];
}

/** Makes the user; `home` is a directory that is empty. */
export function ordinaryUser(home: string): OrdinaryUser {
	const etc = join(home, '.etc');
	const line = (name: string, text: string): void =>
		writeFileSync(join(etc, name), `${readFileSync(join('/etc', name), 'utf8')}${text}\n`);
	mkdirSync(etc);
	line('passwd', `ordinary:x:${UID}:${UID}::${home}:/bin/bash`);
	line('group', `ordinary:x:${UID}:`);
	for (const name of ['subuid', 'subgid']) {
		writeFileSync(join(etc, name), RANGES.map(({ first, count }) => `ordinary:${first}:${count}\n`).join(''));
	}
	const cache = join(home, '.cache/container-builder');
	mkdirSync(cache, { recursive: true });
	cpSync(join(cachePath(), 'images'), join(cache, 'images'), { recursive: true, verbatimSymlinks: true });
	const state = join(home, 'run');
	mkdirSync(state);
	execFileSync('chown', ['-R', `${UID}:${UID}`, home]);
	chmodSync(home, 0o700);
	for (const path of [state, cache, dirname(cache)]) chmodSync(path, 0o700);
	chownSync(etc, 0, 0);
	const enter = [
		...['--mount', '--propagation', 'private', '--', 'bash', '-ec'],
		`for name in passwd group subuid subgid; do mount --bind "$0/.etc/$name" "/etc/$name"; done
		mount --bind "$1" ${CHECKOUT}
		mount -t tmpfs -o size=64k,mode=755 devices /media
		mknod -m 666 /media/fuse c 10 229; mknod -m 666 /media/tun c 10 200
		mount --bind /media/fuse /dev/fuse; mount --bind /media/tun /dev/net/tun
		cd "$0"
		exec env -i PATH="$PATH" HOME="$0" XDG_RUNTIME_DIR="$0/run" CHECKOUT=${CHECKOUT} NODE="$2" \\
			setpriv --reuid ${UID} --regid ${UID} --clear-groups --inh-caps=-all bash --norc -euc "$3"`,
		...[home, root, process.execPath],
	];
	return {
		home,
		run: (script) => startProcess('unshare', [...enter, script]),
		left: () => [
			...processes(),
			...['disks', 'trees'].flatMap((name) => unexpected(join(cache, name), name === 'trees')),
			...unexpected(join(state, 'container-builder'), false),
		],
	};
}

/** What is in a directory; a tree of a builder image stays for the next sandbox. */
function unexpected(directory: string, trees: boolean): readonly string[] {
	const names = spawnSync('ls', ['-A', directory], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
	return names.filter((name) => !trees || name.startsWith('.new')).map((name) => join(directory, name));
}

function processes(): readonly string[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => {
			try {
				const status = readFileSync(`/proc/${pid}/status`, 'utf8');
				const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
				const his = uid === UID || RANGES.some(({ first, count }) => uid >= first && uid < first + count);
				return his && !/^State:\s+Z/m.test(status)
					? [`process ${pid} ${/^Name:\s+(.*)/m.exec(status)?.[1]}`]
					: [];
			} catch {
				return [];
			}
		});
}
