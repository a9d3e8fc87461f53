import * as z from 'zod';

const manifestSchema = z.looseObject({
	schemaVersion: z.number(),
	mediaType: z.string().optional(),
	manifests: z.array(z.unknown()).optional(),
	config: z.looseObject({ mediaType: z.string().optional() }).optional(),
});

/** The media type of a manifest: what it says itself, or else what its parts tell. Throws where it is none. */
export function manifestType(bytes: Uint8Array): string {
	const { schemaVersion, mediaType, manifests, config } = manifestSchema.parse(
		JSON.parse(Buffer.from(bytes).toString('utf8')),
	);
	if (mediaType !== undefined) return mediaType;
	if (schemaVersion === 1) return 'application/vnd.docker.distribution.manifest.v1+prettyjws';
	// Docker's own formats name their type always; the OCI's need not.
	if (manifests !== undefined) return 'application/vnd.oci.image.index.v1+json';
	return config?.mediaType?.startsWith('application/vnd.docker.')
		? 'application/vnd.docker.distribution.manifest.v2+json'
		: 'application/vnd.oci.image.manifest.v1+json';
}
