import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

const BACKENDS: Readonly<Record<string, 'apptainer' | 'buildah'>> = {
	apptainer: 'apptainer',
	singularity: 'apptainer',
	buildah: 'buildah',
	docker: 'buildah',
};

/** The backend that `--backend` names, `singularity` and `docker` being the original's words. */
export function readBackend(given: string | undefined): 'apptainer' | 'buildah' | undefined {
	if (given === undefined) return undefined;
	const backend = Object.hasOwn(BACKENDS, given) ? BACKENDS[given] : undefined;
	if (backend !== undefined) return backend;
	throw new ContainerBuilderError('invalid-option', `there is no backend ${given}`, {
		hint: 'There are apptainer (or singularity) for definition files and buildah (or docker) for Dockerfiles.',
	});
}
