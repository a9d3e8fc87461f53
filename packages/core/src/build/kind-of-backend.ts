import type { DefinitionKind } from '../spec/index.js';

const KINDS: Readonly<Record<string, DefinitionKind>> = { apptainer: 'apptainer', buildah: 'dockerfile' };

/** The kind of definition that a backend of ours executes; undefined for other backends. */
export function kindOfBackend(backend: string | undefined): DefinitionKind | undefined {
	return backend === undefined || !Object.hasOwn(KINDS, backend) ? undefined : KINDS[backend];
}
