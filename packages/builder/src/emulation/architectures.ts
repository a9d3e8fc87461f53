import { ARCHITECTURES, type Architecture } from '@olcf/container-builder-core';
import { canEmulate } from './can-emulate.js';
import { isEmulated } from './is-emulated.js';
import { nativeArchitecture } from './native-architecture.js';

/** What programs run here, or would: the machine's own first, then those that an emulator runs. */
export async function architectures(): Promise<readonly Architecture[]> {
	const native = nativeArchitecture();
	const others = ARCHITECTURES.filter((architecture) => architecture !== native);
	const emulated = await Promise.all(
		others.map(async (architecture) => (await isEmulated(architecture)) || (await canEmulate(architecture))),
	);
	return [native, ...others.filter((_, index) => emulated[index])];
}
