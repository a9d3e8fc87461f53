import type { Architecture } from '@olcf/container-builder-core';

/** A program of qemu-user, and the programs that it is for. */
export interface Emulator {
	/** Its name, which its entry at the kernel has too. */
	readonly program: string;
	/** Where Debian installs it. */
	readonly path: string;
	/** `e_machine` in the header of an ELF file, of which all of these have 64 bits, the least significant first. */
	readonly machine: number;
}

/** Who runs the programs of an architecture where the machine's own is another. */
export const EMULATORS: Readonly<Record<Architecture, Emulator>> = {
	amd64: emulator('qemu-x86_64', 62),
	arm64: emulator('qemu-aarch64', 183),
	ppc64le: emulator('qemu-ppc64le', 21),
};

function emulator(program: string, machine: number): Emulator {
	return { program, path: `/usr/bin/${program}`, machine };
}
