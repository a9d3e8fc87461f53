import { join } from 'node:path';
import type { MachineLimits } from '@olcf/container-builder-core';
import type { ControlGroups, Controller } from './control-groups.js';

/** The group that all of ours are in. */
const PARENT = 'container-builder';

/** Microseconds over which the share of processor time is counted. */
const PERIOD = 100_000;

/** The limits that these control groups can enforce. */
export function groupLimits(groups: ControlGroups): readonly (keyof MachineLimits)[] {
	const has = (controller: Controller): boolean =>
		(groups.version === 1 && groups.hierarchies[controller] !== undefined) ||
		(groups.version === 2 && groups.controllers.includes(controller));
	return [
		...(has('memory') ? (['memoryBytes'] as const) : []),
		...(has('cpu') ? (['cpus'] as const) : []),
		...(has('pids') ? (['processes'] as const) : []),
	];
}

/** The directories in which machines have their groups. */
export function groupDirectories(groups: ControlGroups): readonly string[] {
	if (groups.version === 1) {
		return [...new Set(Object.values(groups.hierarchies))].map((path) => join(path, PARENT));
	}
	return groups.version === 2 ? [join(groups.base, PARENT)] : [];
}

/**
 * What is done to give a machine its groups, as lines for the scripts:
 * `make DIRECTORY` (removed with the machine), `enable FILE VALUE` (may fail), `set FILE VALUE`,
 * `enter FILE` (the machine joins), `helper FILE` (joined by what serves the machine, outside of its limits).
 */
export function groupPlan(groups: ControlGroups, name: string, limits: MachineLimits): readonly string[] {
	if (groups.version === 1) return planVersion1(groups, name, limits);
	return groups.version === 2 ? planVersion2(groups, name, limits) : [];
}

function planVersion1(
	groups: Extract<ControlGroups, { version: 1 }>,
	name: string,
	limits: MachineLimits,
): readonly string[] {
	const lines: string[] = [];
	const group = (controller: Controller): string | undefined => {
		const hierarchy = groups.hierarchies[controller];
		return hierarchy === undefined ? undefined : join(hierarchy, PARENT, name);
	};
	const [memory, pids, cpu, freezer] = (['memory', 'pids', 'cpu', 'freezer'] as const).map(group);
	// Hierarchies may hold several controllers.
	const all = [...new Set([memory, pids, cpu, freezer])].filter((path) => path !== undefined);
	for (const path of all) lines.push(`make ${path}`);
	if (memory !== undefined && limits.memoryBytes !== undefined) {
		const bytes = Math.floor(limits.memoryBytes);
		lines.push(`set ${memory}/memory.limit_in_bytes ${bytes}`);
		if (groups.swap) lines.push(`set ${memory}/memory.memsw.limit_in_bytes ${bytes}`);
	}
	if (pids !== undefined && limits.processes !== undefined) {
		lines.push(`set ${pids}/pids.max ${Math.floor(limits.processes)}`);
	}
	if (cpu !== undefined && limits.cpus !== undefined) {
		lines.push(`set ${cpu}/cpu.cfs_period_us ${PERIOD}`, `set ${cpu}/cpu.cfs_quota_us ${quota(limits.cpus)}`);
	}
	for (const path of all) lines.push(`enter ${path}/cgroup.procs`);
	if (freezer !== undefined && freezer !== memory && freezer !== pids && freezer !== cpu) {
		lines.push(`helper ${freezer}/cgroup.procs`);
	}
	return lines;
}

function planVersion2(
	groups: Extract<ControlGroups, { version: 2 }>,
	name: string,
	limits: MachineLimits,
): readonly string[] {
	const parent = join(groups.base, PARENT);
	const group = join(parent, name);
	const [machine, helper] = [join(group, 'machine'), join(group, 'helper')];
	const has = (controller: Controller): boolean => groups.controllers.includes(controller);
	const lines = [`make ${group}`];
	for (const above of [groups.base, parent, group]) {
		for (const controller of groups.controllers) {
			lines.push(`enable ${above}/cgroup.subtree_control +${controller}`);
		}
	}
	lines.push(`make ${machine}`, `make ${helper}`);
	if (has('memory') && limits.memoryBytes !== undefined) {
		lines.push(`set ${machine}/memory.max ${Math.floor(limits.memoryBytes)}`);
		// Missing where the kernel has no swap.
		lines.push(`enable ${machine}/memory.swap.max 0`);
	}
	if (has('pids') && limits.processes !== undefined) {
		lines.push(`set ${machine}/pids.max ${Math.floor(limits.processes)}`);
	}
	if (has('cpu') && limits.cpus !== undefined) {
		lines.push(`set ${machine}/cpu.max ${quota(limits.cpus)} ${PERIOD}`);
	}
	lines.push(`enter ${machine}/cgroup.procs`, `helper ${helper}/cgroup.procs`);
	return lines;
}

/** The kernel takes no less than a hundredth of a core. */
function quota(cpus: number): number {
	return Math.max(1000, Math.round(cpus * PERIOD));
}
