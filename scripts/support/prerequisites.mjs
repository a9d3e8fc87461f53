import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';
import { say, UsageError } from './say.mjs';

/** What a sandbox needs, by the Debian package that brings it. */
const SANDBOX = {
	newuidmap: 'uidmap',
	unshare: 'util-linux',
	setpriv: 'util-linux',
	mount: 'mount',
	tar: 'tar',
	zstd: 'zstd',
};
/** What the making of a builder image needs beside it. */
const IMAGE = { mmdebstrap: 'mmdebstrap', gpgv: 'gpgv' };
/** What a sandbox with a disk and a network of its own needs beside it: root's sandboxes have them. */
const COMFORT = { 'mkfs.ext4': 'e2fsprogs', ip: 'iproute2', nft: 'nftables', pasta: 'passt' };

const DIRECTORIES = [...new Set([...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'])].filter(
	Boolean,
);

/** A program by its name, or any file by its path. */
function isInstalled(program) {
	if (program.startsWith('/')) return existsSync(program);
	return DIRECTORIES.some((directory) => {
		try {
			accessSync(`${directory}/${program}`, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

/** The Debian packages that are missing, sorted. */
function missingPackages(programs) {
	const missing = Object.entries(programs).filter(([program]) => !isInstalled(program));
	return [...new Set(missing.map(([, name]) => name))].sort();
}

/** Refuses a Node that is too old: nothing below would say so clearly. */
export function requireNode() {
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	if (major < 20 || (major === 20 && minor < 19)) {
		throw new UsageError(`Node ${process.versions.node} is too old; Node 20.19 or newer is needed.`);
	}
}

/**
 * Installs missing Debian packages as root; otherwise, and with `install: false`, ends with the one line that does.
 * Who is not root and has a builder image needs less. `programs`: further ones that a test run needs, by package.
 */
export async function requirePackages({ install, programs = {} }) {
	const root = process.getuid() === 0;
	const hasImage = existsSync(join(cacheDirectory(), 'images', 'current', 'image.json'));
	const needed = { ...SANDBOX, ...(root || !hasImage ? IMAGE : {}), ...(root ? COMFORT : {}), ...programs };
	const missing = missingPackages(needed);
	if (missing.length === 0) return;
	const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
	if (!root) {
		throw new UsageError(`Debian packages are missing. Have this run as root, then try again:\n  ${line}`);
	}
	if (!install)
		throw new UsageError(
			`Debian packages are missing, and --no-install was given. Install them by:\n  ${line}`,
		);
	say(`installing Debian packages: ${missing.join(' ')}`);
	const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	await run('apt-get', ['update', '-qq'], { env: environment });
	await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
		env: environment,
		stdio: ['ignore', 'ignore', 'inherit'],
	});
}

/** Virtual machines, the disks that they boot, and their networks. */
export const virtualMachinePrograms = {
	...{ 'qemu-system-x86_64': 'qemu-system-x86', 'qemu-img': 'qemu-utils', sfdisk: 'fdisk' },
	...{ mcopy: 'mtools', 'mkfs.vfat': 'dosfstools', syslinux: 'syslinux', xz: 'xz-utils' },
	...{ 'mkfs.ext4': 'e2fsprogs', passt: 'passt', nft: 'nftables' },
	'/usr/lib/syslinux/mbr/mbr.bin': 'syslinux-common',
};

/** Where the caches of the product are; nothing of it is built yet when this is asked. */
function cacheDirectory() {
	const base = process.env.XDG_CACHE_HOME;
	if (base?.startsWith('/')) return join(base, 'container-builder');
	return process.getuid() === 0
		? '/var/cache/container-builder'
		: join(homedir(), '.cache', 'container-builder');
}
