import { ContainerBuilderError, type Format } from '../spec/index.js';
import type { ReadDefinition } from './read-definition.js';

/** Checks that this kind of definition can become what was asked for. Throws `invalid-option`. */
export function checkKind(
	{ kind, fileName }: Pick<ReadDefinition, 'kind' | 'fileName'>,
	{ target, format }: { readonly target?: string | undefined; readonly format: Format },
): void {
	if (kind === 'dockerfile') return;
	if (target !== undefined) {
		throw invalid(
			`${fileName} is an Apptainer definition file: only Dockerfiles have a target`,
			'Leave the target out: the last stage of a definition file is what it makes.',
		);
	}
	if (format === 'oci-archive') {
		throw invalid(
			`${fileName} is an Apptainer definition file: it makes a SIF, not an OCI archive`,
			'Name the image with .sif and no other format, or write the recipe as a Dockerfile.',
		);
	}
}

function invalid(message: string, hint: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint });
}
