import * as z from 'zod';
import { resolvedBasesSchema } from '../../protocol/builder-schemas.js';
import {
	architectureSchema,
	buildIdSchema,
	labelsSchema,
	nameSchema,
	serializedErrorSchema,
} from '../../protocol/primitives.js';
import { buildStateSchema, prioritySchema } from '../../protocol/queue-schemas.js';
import { buildFactsSchema } from './build-facts-schema.js';

/** What is written down of a build, from its checkout until it is forgotten. */
export const storedBuildSchema = z.object({
	buildId: buildIdSchema,
	user: z.string().max(256),
	pool: nameSchema,
	priority: prioritySchema,
	architecture: architectureSchema,
	labels: labelsSchema,
	/** Milliseconds since 1970. */
	since: z.number().nonnegative(),
	state: buildStateSchema,
	builderId: nameSchema.optional(),
	bases: resolvedBasesSchema.optional(),
	error: serializedErrorSchema.optional(),
	/** Where a provenance is wanted. */
	facts: buildFactsSchema.optional(),
});

/** See {@link storedBuildSchema}. */
export type StoredBuild = Readonly<z.infer<typeof storedBuildSchema>>;
