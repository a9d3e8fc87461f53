import { arch } from 'node:os';
import type { Architecture } from '@olcf/container-builder-core';

/** The one architecture that machines have: that of this one. */
export function hostArchitecture(): Architecture {
	const name = arch();
	if (name === 'arm64') return 'arm64';
	return name === 'ppc64' ? 'ppc64le' : 'amd64';
}
