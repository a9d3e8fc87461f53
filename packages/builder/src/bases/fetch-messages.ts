import {
	architectureSchema,
	registryLoginsSchema,
	serializedErrorSchema,
} from '@olcf/container-builder-core/protocol';
import * as z from 'zod';

const wantedBase = z.strictObject({
	transport: z.enum(['docker', 'oras']),
	reference: z.string(),
	otherPlatform: z.literal(true).optional(),
});

/** What a fetcher is told, once, on its standard input: a line of JSON. */
export const fetchRequestSchema = z.strictObject({
	bases: z.array(wantedBase).readonly(),
	architecture: architectureSchema,
	logins: registryLoginsSchema,
	/** The site's logins, sealed to the fetcher's key. */
	sealed: z
		.strictObject({ box: z.string(), lease: z.strictObject({ builderId: z.string(), leaseId: z.string() }) })
		.optional(),
	directory: z.string(),
	memoryDirectory: z.string().optional(),
});
/** Of {@link fetchRequestSchema}. */
export type FetchMessage = z.infer<typeof fetchRequestSchema>;

/** What it says on its standard output: first this, */
export const fetcherReadySchema = z.strictObject({ publicKey: z.string() });
/** and at last one of these. */
export const fetcherResultSchema = z.union([
	z.strictObject({
		bases: z.array(wantedBase.extend({ digest: z.string(), directory: z.string().optional() })).readonly(),
		refused: z.array(z.string()).readonly(),
	}),
	z.strictObject({ error: serializedErrorSchema }),
]);
