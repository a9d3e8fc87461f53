import type { BackendJob } from '@olcf/container-builder-core';

/** A job for what looks at its fields only: nothing of it is there. */
export function job(fields: Partial<BackendJob> = {}): BackendJob {
	return {
		kind: 'dockerfile',
		definitionPath: '/w/definition',
		contextDirectory: '/w/context',
		imagePath: '/w/image',
		scratchDirectory: '/w/scratch',
		format: 'sif',
		compression: 'zstd',
		architecture: 'amd64',
		arguments: {},
		secrets: [],
		mirrors: [],
		debug: false,
		limits: {},
		...fields,
	};
}
