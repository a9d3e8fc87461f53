import { readFile } from 'node:fs/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { fileMissing } from './file-missing.js';

/** The one envelope of a file, as yet unchecked: one in a line, or alone in the file. */
export async function readProvenance(path: string): Promise<unknown> {
	const text = await readFile(path, 'utf8').catch((error) => {
		throw fileMissing(path, error, 'It is made by container-builder --provenance, or named by --provenance.');
	});
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw new ContainerBuilderError(
			'invalid-option',
			`${path} is no provenance: it is not one JSON document`,
			{
				cause,
			},
		);
	}
}
