import { z } from 'zod';
import { argumentsSchema, sha256Schema } from '../protocol/primitives.js';

/** Of `BuildDeclaration`. */
export const declarationSchema = z.strictObject({
	definition: sha256Schema,
	kind: z.enum(['apptainer', 'dockerfile']),
	backend: z.string().max(64).optional(),
	format: z.enum(['sif', 'oci-archive']),
	compression: z.enum(['zstd', 'gzip']).optional(),
	arguments: argumentsSchema,
	target: z.string().max(128).optional(),
	secrets: z.array(z.string().max(64)).max(64).readonly(),
	context: sha256Schema.optional(),
});
