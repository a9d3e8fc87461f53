import { accessSync, constants } from 'node:fs';
import { run } from './run.mjs';
import { say, UsageError } from './say.mjs';

/** What a builder image and a sandbox need, by the Debian package that brings it. */
const PROGRAMS = {
	mmdebstrap: 'mmdebstrap',
	zstd: 'zstd',
	newuidmap: 'uidmap',
	pasta: 'passt',
	nft: 'nftables',
	'mkfs.ext4': 'e2fsprogs',
	ip: 'iproute2',
	unshare: 'util-linux',
	mount: 'mount',
	setpriv: 'util-linux',
	tar: 'tar',
	gpgv: 'gpgv',
};

const DIRECTORIES = [...new Set([...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'])].filter(
	Boolean,
);

function isInstalled(program) {
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
function missingPackages(programs = PROGRAMS) {
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
 * `programs`: further ones that a test run needs, by package.
 */
export async function requirePackages({ install, programs = {} }) {
	const missing = missingPackages({ ...PROGRAMS, ...programs });
	if (missing.length === 0) return;
	const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
	if (process.getuid() !== 0) {
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
