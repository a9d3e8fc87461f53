import { hostArchitecture } from './host-architecture.js';

const PROGRAMS = {
	amd64: 'qemu-system-x86_64',
	arm64: 'qemu-system-aarch64',
	ppc64le: 'qemu-system-ppc64',
} as const;

/** The QEMU for machines of this one's own architecture. */
export function qemuProgram(): string {
	return PROGRAMS[hostArchitecture()];
}
