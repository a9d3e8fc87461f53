import { ContainerBuilderError } from '@olcf/container-builder-core/spec';

/** The backend that `--backend` names, `singularity` being the original's word. */
export function readBackend(given: string | undefined): 'apptainer' | undefined {
	if (given === undefined) return undefined;
	if (given === 'apptainer' || given === 'singularity') return 'apptainer';
	throw new ContainerBuilderError('invalid-option', `there is no backend ${given}`, {
		hint: 'Known is apptainer (or singularity).',
	});
}
