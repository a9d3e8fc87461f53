import * as z from 'zod';
import { BUILD_TYPE, type ProvenanceStatement } from '../provenance/statement.js';
import { argumentsSchema, sha256Schema } from './primitives.js';

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

/** The longest envelope, in UTF-16 code units. */
const MAX_ENVELOPE_LENGTH = 16_777_216;

/** Of `DsseEnvelope`. */
export const envelopeSchema = z.object({
	payloadType: z.string().max(256),
	payload: z.base64().max(MAX_ENVELOPE_LENGTH),
	signatures: z
		.array(z.object({ keyid: z.string().max(256), sig: z.base64().max(1024) }))
		.min(1)
		.max(16)
		.readonly(),
});

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
 * (https://slsa.dev/spec/v1.0/provenance). A parameter of the user's that is not
 * known is refused, other fields are let through, as its parsing rules say.
 */
export const statementSchema: z.ZodType<ProvenanceStatement> = z.object({
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
