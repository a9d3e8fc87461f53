import { readFile } from 'node:fs/promises';
import type { Architecture } from '@olcf/container-builder-core';

const BY_NODE_NAME: Readonly<Record<string, Architecture>> = {
	x64: 'amd64',
	arm64: 'arm64',
	ppc64: 'ppc64le',
};
const BY_EMULATOR: Readonly<Record<string, Architecture>> = {
	'qemu-x86_64': 'amd64',
	'qemu-aarch64': 'arm64',
	'qemu-ppc64le': 'ppc64le',
};

/** This machine's own. */
export function nativeArchitecture(): Architecture {
	return BY_NODE_NAME[process.arch] ?? 'amd64';
}

/** What programs run here: the machine's own first, then those that the kernel hands to an emulator. */
export async function architectures(): Promise<readonly Architecture[]> {
	const found = new Set([nativeArchitecture()]);
	for (const [emulator, architecture] of Object.entries(BY_EMULATOR)) {
		const entry = await readFile(`/proc/sys/fs/binfmt_misc/${emulator}`, 'utf8').catch(() => '');
		if (entry.startsWith('enabled')) found.add(architecture);
	}
	return [...found];
}
