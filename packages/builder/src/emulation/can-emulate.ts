import { access, constants, readFile } from 'node:fs/promises';
import type { Architecture } from '@olcf/container-builder-core';
import { inUserNamespace } from '../process/user-namespace.js';
import { EMULATORS } from './emulators.js';

/**
 * Whether {@link enableEmulation} is worth trying: the emulator is installed, and the kernel's table would be this
 * machine's alone. The table of a kernel that others share is left as it is.
 */
export async function canEmulate(architecture: Architecture): Promise<boolean> {
	const [isInstalled, isPrivate, fileSystems] = await Promise.all([
		access(EMULATORS[architecture].path, constants.X_OK).then(
			() => true,
			() => false,
		),
		inUserNamespace(),
		readFile('/proc/filesystems', 'utf8').catch(() => ''),
	]);
	return isInstalled && isPrivate && /\tbinfmt_misc$/m.test(fileSystems);
}
