import { z } from 'zod';
import { resolvedBasesSchema } from '../protocol/builder-schemas.js';
import { countSchema, sha256Schema } from '../protocol/primitives.js';
import type { BuilderEvent } from '../spec/index.js';
import { declarationSchema } from './declaration-schema.js';

const epochSchema = z.number().nonnegative();

/** What a queue keeps of a build that it may have to sign a provenance of. Times in milliseconds since 1970. */
export const buildFactsSchema = z.object({
	declaration: declarationSchema,
	/** When the lease was granted. */
	grantedAt: epochSchema.optional(),
	/** Told on the connection that the lease was granted on, before the backend started: no recipe had run there. */
	bases: resolvedBasesSchema.optional(),
	/** Told in any other way: a recipe may have had a hand in it. */
	saidBases: resolvedBasesSchema.optional(),
	backend: z.string().max(64).optional(),
	image: z.object({ size: countSchema, sha256: sha256Schema, at: epochSchema }).optional(),
});

/** See {@link buildFactsSchema}. */
export type BuildFacts = Readonly<z.infer<typeof buildFactsSchema>>;

/**
 * What is known after a builder has told something. What it told first stays: from the backend's start on a recipe may
 * speak for it. `firsthand`: on the connection that the lease was granted on.
 */
export function factsAfter(
	facts: BuildFacts,
	event: BuilderEvent,
	{ now, firsthand }: { readonly now: number; readonly firsthand: boolean },
): BuildFacts {
	const { backend, image, bases, saidBases } = facts;
	if (event.type === 'backend-start' && backend === undefined) return { ...facts, backend: event.backend };
	if (event.type === 'image' && image === undefined) {
		const { size, sha256 } = event;
		return { ...facts, image: { size, sha256, at: now } };
	}
	if (event.type !== 'bases' || bases !== undefined) return facts;
	if (firsthand && backend === undefined) return { ...facts, bases: event.bases };
	return saidBases === undefined ? { ...facts, saidBases: event.bases } : facts;
}
