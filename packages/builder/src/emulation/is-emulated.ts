import { readFile } from 'node:fs/promises';
import type { Architecture } from '@olcf/container-builder-core';
import { EMULATORS } from './emulators.js';

/** Where the kernel's table of emulators is mounted, if it is. */
export const KERNEL_TABLE = '/proc/sys/fs/binfmt_misc';

/** Whether the kernel hands programs of this architecture to an emulator. */
export async function isEmulated(architecture: Architecture): Promise<boolean> {
	const entry = await readFile(`${KERNEL_TABLE}/${EMULATORS[architecture].program}`, 'utf8').catch(() => '');
	return entry.startsWith('enabled');
}
