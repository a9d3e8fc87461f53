import { totalmem } from 'node:os';
import type { MachineLimits } from '@olcf/container-builder-core';
import type { DiskKind } from './local-options.js';
import { misconfigured } from './misconfigured.js';

const GIBIBYTE = 1024 ** 3;

/** The limits of a machine: the request's, else the options', else these. */
export function machineLimits(
	requested: MachineLimits | undefined,
	configured: MachineLimits | undefined,
	disk: DiskKind,
	memory: number = totalmem(),
): MachineLimits & { readonly diskBytes: number; readonly processes: number; readonly memoryBytes: number } {
	const half = Math.floor(memory / 2);
	return {
		memoryBytes: requested?.memoryBytes ?? configured?.memoryBytes ?? half,
		cpus: requested?.cpus ?? configured?.cpus,
		processes: requested?.processes ?? configured?.processes ?? 4096,
		diskBytes:
			requested?.diskBytes ??
			configured?.diskBytes ??
			(disk === 'tmpfs' ? Math.min(half, 32 * GIBIBYTE) : 32 * GIBIBYTE),
	};
}

/** Throws `provider-misconfigured` where a request names a limit that nothing here can enforce. */
export function requireEnforceable(
	requested: MachineLimits | undefined,
	enforceable: readonly (keyof MachineLimits)[],
): void {
	const names = (['memoryBytes', 'cpus', 'processes', 'diskBytes'] as const).filter(
		(name) => requested?.[name] !== undefined && !enforceable.includes(name),
	);
	if (names.length === 0) return;
	throw misconfigured(
		`this machine cannot enforce the limits ${names.join(', ')}`,
		"Do without them, run as root with writable control groups, or set unenforceableLimits to 'ignore'.",
	);
}

/** Throws a `TypeError` where a limit is not a number that can be one. */
export function checkLimits(limits: MachineLimits | undefined): void {
	for (const name of ['memoryBytes', 'cpus', 'processes', 'diskBytes'] as const) {
		const value = limits?.[name];
		if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
			throw new TypeError(`the limit ${name} is ${value}, which is no positive number`);
		}
	}
}
