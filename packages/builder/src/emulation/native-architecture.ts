import type { Architecture } from '@olcf/container-builder-core';

const BY_NODE_NAME: Readonly<Record<string, Architecture>> = {
	x64: 'amd64',
	arm64: 'arm64',
	ppc64: 'ppc64le',
};

/** This machine's own. */
export function nativeArchitecture(): Architecture {
	return BY_NODE_NAME[process.arch] ?? 'amd64';
}
