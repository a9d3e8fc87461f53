import { access, constants, readFile, statfs } from 'node:fs/promises';
import { release, userInfo } from 'node:os';
import { join } from 'node:path';
import { findProgram, systemEnvironment } from '@olcf/container-builder-core/host';
import { emulatedArchitectures } from './emulated-architectures.js';
import { SANDBOX_IDS, userRange } from './identities.js';

/** One thing that sandboxes need from this machine. */
export interface Prerequisite {
	/** Stable: the name of a program, or of a feature. */
	readonly name: string;
	readonly ok: boolean;
	/** What was found. */
	readonly detail: string;
	/** A command, or a sentence, that mends it; absent where it is in order. */
	readonly remedy?: string | undefined;
	/** Debian's package of a program. */
	readonly package?: string | undefined;
	/**
	 * What does not work without it: no sandbox at all, those of network `isolated`, those with ports to `forward`, or
	 * a disk of limited size.
	 */
	readonly neededFor: 'sandbox' | 'isolated' | 'forward' | 'disk-image' | 'comfort';
}

const PROGRAMS: readonly (readonly [name: string, debian: string, neededFor: Prerequisite['neededFor']])[] = [
	['bash', 'bash', 'sandbox'],
	['unshare', 'util-linux', 'sandbox'],
	['nsenter', 'util-linux', 'sandbox'],
	['setpriv', 'util-linux', 'sandbox'],
	['prlimit', 'util-linux', 'sandbox'],
	['flock', 'util-linux', 'sandbox'],
	['mount', 'mount', 'sandbox'],
	['newuidmap', 'uidmap', 'sandbox'],
	['newgidmap', 'uidmap', 'sandbox'],
	['stdbuf', 'coreutils', 'sandbox'],
	['tar', 'tar', 'sandbox'],
	['zstd', 'zstd', 'sandbox'],
	['ip', 'iproute2', 'sandbox'],
	['pasta', 'passt', 'isolated'],
	['nft', 'nftables', 'isolated'],
	['socat', 'socat', 'forward'],
	['mkfs.ext4', 'e2fsprogs', 'disk-image'],
	['losetup', 'mount', 'disk-image'],
];

/** Types of file systems that know nothing of subordinate ids, or cannot be the upper layer of an overlay. */
const REMOTE_FILE_SYSTEMS: Readonly<Record<number, string>> = {
	26985: 'NFS',
	198183888: 'Lustre',
	1196443219: 'GPFS',
	4283649346: 'CIFS',
	4266872130: 'SMB',
};

/** The programs, found on the path that the scripts have. */
export async function findPrograms(): Promise<readonly Prerequisite[]> {
	const path = systemEnvironment().PATH;
	return Promise.all(
		PROGRAMS.map(async ([name, debian, neededFor]) => {
			const found = await findProgram(name, path);
			return {
				name,
				ok: found !== undefined,
				detail: found ?? 'not found',
				...(found === undefined ? { remedy: `apt-get install ${debian}` } : {}),
				package: debian,
				neededFor,
			};
		}),
	);
}

/** What the kernel and its configuration have to offer. */
export async function findFeatures(mode: 'root' | 'user', cache: string): Promise<readonly Prerequisite[]> {
	const checks = [kernel(), overlay(), userNamespaces(mode), fuse(mode), tun(mode), emulation()];
	const byMode =
		mode === 'root'
			? [capabilities(), loopDevices(), subordinateFiles()]
			: [subordinateIds(), fileSystem(cache)];
	return Promise.all([...checks, ...byMode]);
}

async function kernel(): Promise<Prerequisite> {
	const [major = 0, minor = 0] = release().split('.').map(Number);
	const ok = major > 5 || (major === 5 && minor >= 11);
	return feature(
		'kernel',
		ok,
		`Linux ${release()}`,
		'A kernel of 5.11 or later is needed: overlays in user namespaces.',
	);
}

async function emulation(): Promise<Prerequisite> {
	const others = emulatedArchitectures();
	const has = /\tbinfmt_misc$/m.test(await text('/proc/filesystems'));
	const remedy = has ? 'Linux 6.7 or later has it.' : 'modprobe binfmt_misc';
	const found = has ? `not with Linux ${release()}` : 'binfmt_misc is not in /proc/filesystems';
	const ok = has && others.length > 0;
	return {
		...feature('emulation', ok, ok ? `of ${others.join(' and ')}` : found, remedy),
		neededFor: 'comfort',
	};
}

async function overlay(): Promise<Prerequisite> {
	const ok = /\toverlay$/m.test(await text('/proc/filesystems'));
	return feature('overlay', ok, ok ? 'the kernel has it' : 'not in /proc/filesystems', 'modprobe overlay');
}

async function userNamespaces(mode: 'root' | 'user'): Promise<Prerequisite> {
	const name = 'user-namespaces';
	const most = Number(await text('/proc/sys/user/max_user_namespaces'));
	if (!(most > 0))
		return feature(name, false, 'none are allowed', 'sysctl -w user.max_user_namespaces=65536');
	for (const [key, refused] of mode === 'root'
		? []
		: ([
				['kernel.unprivileged_userns_clone', '0'],
				['kernel.apparmor_restrict_unprivileged_userns', '1'],
			] as const)) {
		if ((await text(`/proc/sys/${key.replaceAll('.', '/')}`)).trim() === refused) {
			const good = refused === '0' ? '1' : '0';
			return feature(name, false, `${key} is ${refused}`, `sysctl -w ${key}=${good}`);
		}
	}
	return feature(name, true, `at most ${most}`);
}

/** Root makes the node itself. A user without it still builds, but images are unpacked to be run. */
async function fuse(mode: 'root' | 'user'): Promise<Prerequisite> {
	const ok = await usable('/dev/fuse', mode === 'root' ? constants.F_OK : constants.R_OK | constants.W_OK);
	const remedy = mode === 'root' ? 'modprobe fuse' : 'chmod 666 /dev/fuse';
	return {
		...feature('/dev/fuse', ok, ok ? 'there' : 'not there, or not yours to open', remedy),
		neededFor: 'comfort',
	};
}

async function tun(mode: 'root' | 'user'): Promise<Prerequisite> {
	const ok = await usable('/dev/net/tun', mode === 'root' ? constants.F_OK : constants.R_OK | constants.W_OK);
	const remedy = mode === 'root' ? 'modprobe tun' : 'modprobe tun; chmod 666 /dev/net/tun';
	const detail = ok ? 'there' : 'not there, or not yours to open';
	return { ...feature('/dev/net/tun', ok, detail, remedy), neededFor: 'isolated' };
}

async function capabilities(): Promise<Prerequisite> {
	const effective = BigInt(
		`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(await text('/proc/self/status'))?.[1] ?? '0'}`,
	);
	const needed = [
		[0, 'CAP_CHOWN'],
		[6, 'CAP_SETGID'],
		[7, 'CAP_SETUID'],
		[12, 'CAP_NET_ADMIN'],
		[21, 'CAP_SYS_ADMIN'],
	] as const;
	const missing = needed.filter(([bit]) => (effective & (1n << BigInt(bit))) === 0n).map(([, name]) => name);
	return feature(
		'capabilities',
		missing.length === 0,
		missing.length === 0 ? 'root has what is needed' : `root lacks ${missing.join(', ')}`,
		'Run it as an ordinary user, or outside of the container.',
	);
}

async function loopDevices(): Promise<Prerequisite> {
	const ok = await usable('/dev/loop-control', constants.R_OK | constants.W_OK);
	const detail = ok ? '/dev/loop-control' : 'no /dev/loop-control';
	return { ...feature('loop', ok, detail, 'modprobe loop'), neededFor: 'disk-image' };
}

async function subordinateFiles(): Promise<Prerequisite> {
	const there = await Promise.all(['/etc/subuid', '/etc/subgid'].map((path) => usable(path, constants.F_OK)));
	const ok = there.every(Boolean);
	return feature(
		'subuid',
		ok,
		ok ? 'the files are there' : 'no /etc/subuid or /etc/subgid',
		'touch /etc/subuid /etc/subgid',
	);
}

async function subordinateIds(): Promise<Prerequisite> {
	const range = await userRange();
	if (typeof range !== 'string') {
		return feature('subuid', true, `${range.count} ids from ${range.first} on`);
	}
	const first = await freeIds();
	const ids = `${first}-${first + SANDBOX_IDS - 1}`;
	return feature(
		'subuid',
		false,
		range,
		`usermod --add-subuids ${ids} --add-subgids ${ids} ${userInfo().username}`,
	);
}

/** The first id after all that are handed out. */
async function freeIds(): Promise<number> {
	const lines = `${await text('/etc/subuid')}\n${await text('/etc/subgid')}`.split('\n');
	const ends = lines.map((line) => {
		const [, first, count] = line.split(':');
		return Number(first) + Number(count);
	});
	return Math.max(100_000, ...ends.filter((end) => Number.isSafeInteger(end)));
}

async function fileSystem(cache: string): Promise<Prerequisite> {
	let directory = cache;
	let type: number | undefined;
	while (type === undefined) {
		type = await statfs(directory).then(
			(found) => found.type,
			() => undefined,
		);
		directory = join(directory, '..');
	}
	const remote = REMOTE_FILE_SYSTEMS[type >>> 0];
	return feature(
		'cache-file-system',
		remote === undefined,
		remote === undefined ? cache : `${cache} is on ${remote}, which cannot hold files of subordinate ids`,
		'Set XDG_CACHE_HOME to a directory on a local disk.',
	);
}

function feature(name: string, ok: boolean, detail: string, remedy?: string): Prerequisite {
	return { name, ok, detail, ...(ok ? {} : { remedy }), neededFor: 'sandbox' };
}

async function usable(path: string, mode: number): Promise<boolean> {
	return access(path, mode).then(
		() => true,
		() => false,
	);
}

function text(path: string): Promise<string> {
	return readFile(path, 'utf8').catch(() => '');
}
