import { z } from 'zod';
import { declarationSchema } from './declaration-schema.js';

/** The type of an in-toto statement in a DSSE envelope (in-toto Attestation Framework, spec/v1/envelope.md). */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json';
/** What the parameters of a build mean: docs/provenance.md. */
export const BUILD_TYPE =
	'https://github.com/olcf/container-builder/blob/main/docs/provenance.md#build-type-v1';

const digestSchema = z.record(z.string().max(32), z.string().max(128));
const resourceSchema = z.object({
	name: z.string().max(256).optional(),
	uri: z.string().max(2048).optional(),
	digest: digestSchema.optional(),
});
const builderReportedSchema = z.object({
	version: z.string().max(64),
	backends: z.array(z.object({ name: z.string().max(64), version: z.string().max(256) })),
	privilege: z.enum(['root', 'user-namespace']),
	backend: z.string().max(64).optional(),
	bases: z.array(resourceSchema).optional(),
});

/**
 * An in-toto statement (https://in-toto.io/Statement/v1) with the predicate SLSA Provenance v1
 * (https://slsa.dev/spec/v1.0/provenance). Fields that it does not name are let through, as its parsing rules say.
 */
export const statementSchema = z.object({
	_type: z.literal('https://in-toto.io/Statement/v1'),
	subject: z.array(z.object({ name: z.string().max(256), digest: digestSchema })).length(1),
	predicateType: z.literal('https://slsa.dev/provenance/v1'),
	predicate: z.object({
		buildDefinition: z.object({
			buildType: z.literal(BUILD_TYPE),
			externalParameters: declarationSchema.extend({ architecture: z.string().max(64) }),
			internalParameters: z.object({
				user: z.string().max(256),
				pool: z.string().max(64),
				builderId: z.string().max(64),
				/** What the builder alone says: nothing there is attested. */
				builderReported: builderReportedSchema,
			}),
			resolvedDependencies: z.array(resourceSchema).max(300),
		}),
		runDetails: z.object({
			builder: z.object({ id: z.string().min(1).max(1024), version: z.record(z.string(), z.string()) }),
			metadata: z.object({
				invocationId: z.string().max(64),
				startedOn: z.iso.datetime(),
				finishedOn: z.iso.datetime(),
			}),
		}),
	}),
});

/** See {@link statementSchema}. */
export type ProvenanceStatement = z.infer<typeof statementSchema>;
