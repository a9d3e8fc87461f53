import {
	type AbortOptions,
	type Architecture,
	cachePath,
	type MachineLimits,
	type NetworkMode,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { readControlGroups } from './control-groups.js';
import { emulatedArchitectures } from './emulated-architectures.js';
import { groupLimits } from './group-plan.js';
import type { DiskKind } from './local-options.js';
import { misconfigured } from './misconfigured.js';
import { findFeatures, findPrograms, type Prerequisite } from './prerequisites.js';

/** What this machine can do for sandboxes: see {@link inspectHost}. */
export interface HostReport {
	/** Root makes sandboxes by himself; a user by his subordinate ids. */
	readonly mode: 'root' | 'user';
	/** Everything that was looked at, in order or not. */
	readonly prerequisites: readonly Prerequisite[];
	/** Limits that can be enforced here. */
	readonly limits: readonly (keyof MachineLimits)[];
	/** Networks that a sandbox can have here; none where no sandbox can be made. */
	readonly networks: readonly NetworkMode[];
	/** Architectures that sandboxes build for by emulation. */
	readonly emulates: readonly Architecture[];
	/** The one line that installs the Debian packages that are missing; absent where none is. */
	readonly install?: string | undefined;
}

/** Options of {@link inspectHost}. */
export interface InspectHostOptions extends AbortOptions {
	/** @default as in `local` */
	readonly cacheDirectory?: string | undefined;
	/** Where sandboxes are to write. @default as in `local` */
	readonly disk?: DiskKind | undefined;
}

/** Looks what this machine has and lacks; changes nothing. For `cb-doctor`, and for queues that serve strangers. */
export async function inspectHost(options: InspectHostOptions = {}): Promise<HostReport> {
	throwIfAborted(options.signal);
	const mode = process.getuid?.() === 0 ? 'root' : 'user';
	const [programs, features, groups] = await Promise.all([
		findPrograms(),
		findFeatures(mode, options.cacheDirectory ?? cachePath()),
		readControlGroups(),
	]);
	const byGroups = groupLimits(groups);
	const controlGroups: Prerequisite = {
		name: 'cgroup',
		ok: byGroups.length > 0,
		detail:
			groups.version === 'none'
				? 'none that may be written: memory and processor cannot be limited'
				: `version ${groups.version}, for ${byGroups.join(', ')}`,
		...(byGroups.length > 0 ? {} : { remedy: controlGroupRemedy(mode) }),
		neededFor: 'comfort',
	};
	const prerequisites = [...programs, ...features, controlGroups];
	const all = (neededFor: Prerequisite['neededFor']): boolean =>
		prerequisites.every((found) => found.ok || found.neededFor !== neededFor);
	const disk = diskKind(mode, options.disk, all('disk-image'));
	const install = installLine(
		prerequisites.filter(({ ok, neededFor }) => !ok && neededFor !== 'comfort' && neededFor !== 'forward'),
	);
	const canEmulate = prerequisites.some(({ name, ok }) => name === 'emulation' && ok);
	return {
		mode,
		prerequisites,
		emulates: canEmulate ? emulatedArchitectures() : [],
		// The number of processes is a limit of the user namespace where there is no control group.
		limits: [
			...new Set([
				...byGroups,
				'processes' as const,
				...(disk === 'directory' ? [] : (['diskBytes'] as const)),
			]),
		],
		networks: all('sandbox') ? [...(all('isolated') ? (['isolated'] as const) : []), 'shared', 'none'] : [],
		...(install === undefined ? {} : { install }),
	};
}

/** The kind of disk that sandboxes get. */
export function diskKind(mode: 'root' | 'user', wanted: DiskKind | undefined, imagesWork: boolean): DiskKind {
	return wanted ?? (mode === 'root' && imagesWork ? 'image' : 'directory');
}

/** Throws `provider-misconfigured` with all that is missing for a sandbox of this network and disk. */
export function requireFor(
	report: HostReport,
	{ network, disk, forward }: { network: NetworkMode; disk: DiskKind; forward: boolean },
): void {
	const missing = report.prerequisites.filter(
		({ ok, neededFor }) =>
			!ok &&
			(neededFor === 'sandbox' ||
				(neededFor === 'isolated' && network === 'isolated') ||
				(neededFor === 'forward' && network === 'isolated' && forward) ||
				(neededFor === 'disk-image' && disk === 'image')),
	);
	if (missing.length === 0) return;
	const programs = missing.filter((found) => found.package !== undefined);
	const others = missing.filter((found) => found.package === undefined);
	const parts = [
		...(programs.length > 0
			? [`programs that are not installed (${programs.map(({ name }) => name).join(', ')})`]
			: []),
		...others.map(({ name, detail }) => `${name} (${detail})`),
	];
	const remedies = [installLine(programs), ...others.map(({ remedy }) => remedy)].filter(
		(text) => text !== undefined,
	);
	throw misconfigured(
		`this machine cannot make ${network === 'isolated' ? 'isolated sandboxes' : 'sandboxes'}; it lacks: ${parts.join('; ')}`,
		remedies.join(' · '),
	);
}

function installLine(missing: readonly Prerequisite[]): string | undefined {
	const packages = new Set(missing.flatMap((found) => found.package ?? []));
	return packages.size === 0 ? undefined : `apt-get install ${[...packages].sort().join(' ')}`;
}

function controlGroupRemedy(mode: 'root' | 'user'): string {
	return mode === 'root'
		? 'Mount the control groups writable.'
		: 'Start it by: systemd-run --user --scope -p Delegate=yes COMMAND';
}
