import * as z from 'zod';
import { resolvedBasesSchema } from '../../protocol/builder-schemas.js';
import { countSchema, sha256Schema } from '../../protocol/primitives.js';
import { declarationSchema } from '../../protocol/provenance-schemas.js';

/** Milliseconds since 1970. */
const epochSchema = z.number().nonnegative();

/** Of `BuildFacts`. */
export const buildFactsSchema = z.object({
	declaration: declarationSchema,
	grantedAt: epochSchema.optional(),
	bases: resolvedBasesSchema.optional(),
	saidBases: resolvedBasesSchema.optional(),
	backend: z.string().max(64).optional(),
	image: z.object({ size: countSchema, sha256: sha256Schema, at: epochSchema }).optional(),
});
