import { release } from 'node:os';
import { ARCHITECTURES, type Architecture } from '@olcf/container-builder-core';
import { machineArchitecture } from './check-request.js';

/**
 * What sandboxes can run by emulators: since Linux 6.7 each user namespace has a table of its own for them
 * (binfmt_misc). Before, they could only be registered for the whole machine, which is not a sandbox's to do.
 */
export function emulatedArchitectures(kernel: string = release()): readonly Architecture[] {
	const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
	const canMount = major > 6 || (major === 6 && minor >= 7);
	if (!canMount) return [];
	const native = machineArchitecture();
	return ARCHITECTURES.filter((architecture) => architecture !== native);
}
