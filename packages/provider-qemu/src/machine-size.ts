import type { MachineLimits } from '@olcf/container-builder-core';
import { misconfigured } from './misconfigured.js';
import type { QemuFlavor } from './qemu-options.js';

const MIB = 2 ** 20;
const DEFAULT_CPUS = 2;
const DEFAULT_MEMORY_BYTES = 2048 * MIB;
/** Less and the guest's kernel does not get as far as the daemon. */
const LEAST_MEMORY_BYTES = 512 * MIB;

/** What a machine is given. */
export interface MachineSize {
	readonly cpus: number;
	readonly memoryBytes: number;
	/** Absent: as large as the image's. */
	readonly diskBytes?: number | undefined;
}

/** The size of a machine: its flavor, less where the request's limits are lower. Throws `provider-misconfigured`. */
export function machineSize(
	flavors: Readonly<Record<string, QemuFlavor>>,
	{
		flavor,
		limits = {},
	}: { readonly flavor?: string | undefined; readonly limits?: MachineLimits | undefined },
): MachineSize {
	const found = flavors[flavor ?? 'default'];
	if (found === undefined && flavor !== undefined) {
		const names = Object.keys(flavors);
		throw misconfigured(
			`there is no flavor '${flavor}'`,
			names.length === 0 ? 'The provider has none: name none.' : `There is ${names.join(', ')}.`,
		);
	}
	const cpus = Math.min(found?.cpus ?? DEFAULT_CPUS, limits.cpus ?? Number.POSITIVE_INFINITY);
	const memoryBytes = Math.min(
		found?.memoryBytes ?? DEFAULT_MEMORY_BYTES,
		limits.memoryBytes ?? Number.POSITIVE_INFINITY,
	);
	if (!(cpus > 0) || !(memoryBytes >= LEAST_MEMORY_BYTES)) {
		throw misconfigured(
			`a machine of ${cpus} processors and ${memoryBytes} bytes of memory cannot be made`,
			`It needs one processor and ${LEAST_MEMORY_BYTES / MIB} MiB at least.`,
		);
	}
	const diskBytes = found?.diskBytes;
	if (diskBytes !== undefined && !(diskBytes > 0)) {
		throw misconfigured(`a machine with a disk of ${diskBytes} bytes cannot be made`);
	}
	return {
		cpus: Math.max(1, Math.floor(cpus)),
		memoryBytes: Math.floor(memoryBytes / MIB) * MIB,
		...(diskBytes === undefined ? {} : { diskBytes: Math.ceil(diskBytes / MIB) * MIB }),
	};
}
