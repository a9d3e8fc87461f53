import { access, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { findProgram } from '@olcf/container-builder-core/host';

/** The keys that Debian's indexes are signed with. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Something that `makeBuilderImage` needs on this machine, and the Debian package that brings it. */
export interface BuilderImageRequirement {
	/** Name of a program, or path of a file. */
	readonly name: string;
	readonly debianPackage: string;
	readonly present: boolean;
}

/** Whether this machine and user can make a builder image. */
export interface BuilderImagePrerequisites {
	readonly ready: boolean;
	readonly requirements: readonly BuilderImageRequirement[];
	/** The one line that installs what is missing; undefined where nothing is. */
	readonly install: string | undefined;
	/** `root`, or `unshare`: a user namespace with this user's subordinate ids. Undefined: neither is possible. */
	readonly mode: 'root' | 'unshare' | undefined;
	/** Why there is no mode, as one sentence. */
	readonly problem: string | undefined;
	/** What mends `problem`. */
	readonly hint: string | undefined;
}

const PROGRAMS = [
	['mmdebstrap', 'mmdebstrap'],
	['zstd', 'zstd'],
	['tar', 'tar'],
	['apt-get', 'apt'],
	['gpgv', 'gpgv'],
	['flock', 'util-linux'],
	['unshare', 'util-linux'],
] as const;

const ROOTLESS_PROGRAMS = [
	['newuidmap', 'uidmap'],
	['newgidmap', 'uidmap'],
] as const;

/** Looks at this machine, changes nothing. Never rejects for what is missing: that is the answer. */
export async function builderImagePrerequisites(): Promise<BuilderImagePrerequisites> {
	const root = process.geteuid?.() === 0;
	const requirements: BuilderImageRequirement[] = [];
	for (const [name, debianPackage] of root ? PROGRAMS : [...PROGRAMS, ...ROOTLESS_PROGRAMS]) {
		requirements.push({ name, debianPackage, present: (await findProgram(name)) !== undefined });
	}
	requirements.push({
		name: KEYRING,
		debianPackage: 'debian-archive-keyring',
		present: await exists(KEYRING),
	});
	const missing = new Set(requirements.filter(({ present }) => !present).map((entry) => entry.debianPackage));
	const rootless = root || (await hasSubordinateIds('/etc/subuid', '/etc/subgid'));
	const user = root ? 'root' : userInfo().username;
	return {
		ready: missing.size === 0 && rootless,
		requirements,
		install:
			missing.size === 0
				? undefined
				: `apt-get install --yes --no-install-recommends ${[...missing].join(' ')}`,
		mode: root ? 'root' : rootless ? 'unshare' : undefined,
		problem: rootless
			? undefined
			: `${user} is not root and has no range of 65536 subordinate ids in /etc/subuid and /etc/subgid`,
		hint: rootless
			? undefined
			: `Make the builder image as root, or have root run: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
	};
}

/** The mode for mmdebstrap; throws `provider-misconfigured`, with what mends it as the hint, where there is none. */
export function requiredMode(found: BuilderImagePrerequisites): 'root' | 'unshare' {
	if (found.install !== undefined) {
		const names = found.requirements.filter(({ present }) => !present).map(({ name }) => name);
		throw new ContainerBuilderError(
			'provider-misconfigured',
			`making the builder image needs ${names.join(', ')}`,
			{ hint: `Run as root: ${found.install}`, details: { install: found.install } },
		);
	}
	if (found.mode === undefined) {
		throw new ContainerBuilderError('provider-misconfigured', found.problem ?? 'root is needed', {
			hint: found.hint,
		});
	}
	return found.mode;
}

async function hasSubordinateIds(...files: readonly string[]): Promise<boolean> {
	const { username, uid } = userInfo();
	for (const file of files) {
		const text = await readFile(file, 'utf8').catch(() => '');
		if (!hasRange(text, username, uid)) return false;
	}
	return true;
}

/** Whether a `/etc/subuid` or `/etc/subgid` gives the user one range of at least 65536 ids. */
export function hasRange(text: string, username: string, uid: number): boolean {
	return text.split('\n').some((line) => {
		const [owner, , count] = line.split(':');
		return (owner === username || owner === String(uid)) && Number(count) >= 65_536;
	});
}

async function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
