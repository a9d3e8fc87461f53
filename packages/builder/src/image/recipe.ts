import { createHash } from 'node:crypto';
import { ARCHITECTURES, type Architecture } from '@olcf/container-builder-core';
import { EMULATORS } from '../emulation/emulators.js';

/** Everything that decides what a base tree holds, the versions of its packages apart. */
export interface Recipe {
	/** To be raised when the way an archive is written changes; all else in here is hashed as it is. */
	readonly version: number;
	readonly suite: string;
	readonly architecture: Architecture;
	readonly packages: readonly string[];
	readonly preferences: string;
	readonly aptOptions: readonly string[];
	readonly dpkgOptions: readonly string[];
	/** Shell lines, run in order when all is installed; `$1` is the tree. */
	readonly hooks: readonly string[];
}

/** The suite that apptainer comes from: no stable release has it. */
export const APPTAINER_SUITE = 'sid';

const PACKAGES = [
	// Backends. buildah runs nothing without netavark, not even under chroot isolation.
	...['apptainer', 'buildah', 'crun', 'skopeo', 'netavark'],
	// Without squashfuse, each run of an image in a user namespace unpacks it first.
	...['fakeroot', 'fuse-overlayfs', 'fuse2fs', 'fuse3', 'squashfs-tools', 'squashfuse', 'uidmap'],
	// What definitions are bootstrapped with.
	...['arch-test', 'ca-certificates', 'debian-archive-keyring', 'debootstrap', 'gpgv', 'mmdebstrap', 'wget'],
	...['dnf', 'rpm'],
	// For images of other architectures; most of it is left out again.
	'qemu-user',
	// The daemon and its init.
	...['nodejs', 'tini'],
	...[
		'busybox-static',
		'e2fsprogs',
		'iproute2',
		'kmod',
		'libcap2-bin',
		'mount',
		'util-linux',
		'xz-utils',
		'zstd',
	],
] as const;

const PREFERENCES = `Package: *
Pin: release n=${APPTAINER_SUITE}
Pin-Priority: -10

Package: apptainer
Pin: release n=${APPTAINER_SUITE}
Pin-Priority: 990
`;

const STORAGE = `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`;

/** There is no systemd inside, neither for control groups nor for a journal. */
const CONTAINERS = `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

/** As Dockerfiles mean it: \`FROM debian\` is Docker Hub's. */
const REGISTRIES = `unqualified-search-registries = ["docker.io"]
`;

/** Where every distribution of RPM packages has its database; Debian's rpm has it in the user's home. */
const RPM_MACROS = `%_var /var
%_dbpath %{_var}/lib/rpm
`;

const HOSTS = `127.0.0.1 localhost
127.0.1.1 builder
::1 localhost ip6-localhost ip6-loopback
`;

/** A shell line that writes `text` to `path` inside the tree. */
function write(path: string, text: string): string {
	const quoted = `'${text.replaceAll("'", "'\\''")}'`;
	return `mkdir -p "$(dirname "$1${path}")" && rm -f "$1${path}" && printf %s ${quoted} > "$1${path}"`;
}

const HOOKS = [
	'test -x "$1/usr/bin/apptainer"',
	'chroot "$1" useradd --uid 1000 --user-group --create-home --shell /bin/bash builder',
	// Written after useradd, which gives ranges of its own. Backends run builds as this user, by --fakeroot.
	write('/etc/subuid', 'builder:65536:65536\n'),
	write('/etc/subgid', 'builder:65536:65536\n'),
	'rm -f "$1/etc/subuid-" "$1/etc/subgid-"',
	write('/etc/containers/storage.conf', STORAGE),
	write('/etc/containers/containers.conf', CONTAINERS),
	write('/etc/containers/registries.conf.d/00-container-builder.conf', REGISTRIES),
	write('/etc/rpm/macros.container-builder', RPM_MACROS),
	write('/etc/hostname', 'builder\n'),
	write('/etc/hosts', HOSTS),
	write('/etc/resolv.conf', ''),
	// What it was made from: the mirror may need a password or a proxy, and builds are strangers.
	'rm -f "$1/etc/apt/sources.list" "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/preferences.d/* "$1/etc/apt/apt.conf.d/99mmdebstrap"',
] as const;

/** The recipe of a base. */
export function baseRecipe(suite: string, architecture: Architecture): Recipe {
	return {
		version: 1,
		suite,
		architecture,
		packages: PACKAGES,
		preferences: PREFERENCES,
		aptOptions: ['APT::Install-Recommends "false"', 'Acquire::Languages "none"', 'Acquire::Retries "3"'],
		dpkgOptions: [
			'path-exclude=/usr/share/man/*',
			'path-exclude=/usr/share/locale/*',
			'path-include=/usr/share/locale/locale.alias',
			'path-exclude=/usr/share/doc/*',
			'path-include=/usr/share/doc/*/copyright',
			'path-exclude=/usr/bin/qemu-*',
			...ARCHITECTURES.filter((other) => other !== architecture).map(
				(other) => `path-include=${EMULATORS[other].path}`,
			),
		],
		hooks: HOOKS,
	};
}

/** The names that apt is to install; apptainer is not among them where it is brought as a file. */
export function packageNames(recipe: Recipe, apptainerDeb: string | undefined): readonly string[] {
	return recipe.packages.filter((name) => apptainerDeb === undefined || name !== 'apptainer');
}

/** SHA-256 of a recipe: changes with anything in it. */
export function recipeId(recipe: Recipe): string {
	return createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
}

/** The id of a base: its recipe, what stands in for sid's apptainer, and the version of each package. */
export function baseId(
	recipe: string,
	apptainerDeb: string | undefined,
	packages: Readonly<Record<string, string>>,
): string {
	const versions = Object.entries(packages).sort(([left], [right]) => (left < right ? -1 : 1));
	return createHash('sha256')
		.update(JSON.stringify([recipe, apptainerDeb ?? null, versions]))
		.digest('hex');
}
