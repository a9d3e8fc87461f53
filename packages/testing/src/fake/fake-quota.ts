import type { MachineRequest } from '@olcf/container-builder-core';

/**
 * How many machines there may be at the same time; or a function that tells how many more like the one of the request
 * fit beside those that exist: for quotas of cores and memory, or of one flavor.
 */
export type FakeQuota = number | ((request: MachineRequest, existing: readonly MachineRequest[]) => number);

/** How many more like this fit; `Infinity` without a quota. */
export function roomFor(
	quota: FakeQuota | undefined,
	request: MachineRequest,
	existing: readonly MachineRequest[],
): number {
	if (quota === undefined) return Infinity;
	return Math.max(0, typeof quota === 'number' ? quota - existing.length : quota(request, existing));
}
