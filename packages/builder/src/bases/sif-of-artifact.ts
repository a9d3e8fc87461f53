import { chmod, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import * as z from 'zod';
import { type BroughtBase, IMAGE_DIRECTORY } from './fetch-types.js';

const SIF_LAYER = 'application/vnd.sylabs.sif.layer.v1.sif';
const artifactSchema = z.looseObject({
	layers: z.array(
		z.looseObject({ mediaType: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
	),
});

/** Where the SIF file of an artifact that was brought now is; everybody who gets there can read it. */
export async function sifOfArtifact({ reference, directory }: BroughtBase): Promise<string> {
	const image = join(directory, IMAGE_DIRECTORY);
	const manifest = artifactSchema.safeParse(
		JSON.parse(await readFile(join(image, 'manifest.json'), 'utf8')) as unknown,
	);
	const layers = manifest.data?.layers ?? [];
	const layer = layers.find(({ mediaType }) => mediaType === SIF_LAYER);
	if (layer === undefined) {
		throw new ContainerBuilderError('build-failed', `${reference} is not a SIF file`, {
			hint: 'For an image of layers, say Bootstrap: docker.',
		});
	}
	const path = join(directory, 'base.sif');
	await rename(join(image, layer.digest.replace('sha256:', '')), path);
	await chmod(path, 0o644);
	return path;
}
