import type { Emulator } from './emulators.js';

/** The bytes of an ELF header from its beginning to `e_machine`, and which bits of them count: System V ABI, chapter 4. */
const MAGIC = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0];
// Neither the system nor the padding; of the type, both of programs (2) and of shared objects (3).
const MASK = [255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 254, 255];

/**
 * What registers an emulator at the kernel (Documentation/admin-guide/binfmt-misc.rst). Flags: the emulator is opened
 * now, so that it need not be in any image (`F`); it gets the program opened (`O`), with the program's own credentials
 * (`C`) and the name that it was called by (`P`).
 */
export function registration({ program, path, machine }: Emulator): string {
	const magic = escaped([...MAGIC, machine & 255, machine >> 8]);
	return `:${program}:M::${magic}:${escaped([...MASK, 255, 255])}:${path}:POCF`;
}

function escaped(bytes: readonly number[]): string {
	return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
