import * as z from 'zod';
import {
	architectureSchema,
	base64urlSchema,
	buildIdSchema,
	durationSchema,
	endpointSchema,
	leaseIdSchema,
	messageSchema,
	nameSchema,
	sha256Schema,
} from '../../protocol/primitives.js';

/** Milliseconds since 1970. */
const epochSchema = z.number().nonnegative();

const leaseRecordSchema = z.object({
	id: leaseIdSchema,
	buildId: buildIdSchema,
	user: z.string().max(256),
	grantedAt: epochSchema,
	deadlineMs: durationSchema,
	idleMs: durationSchema,
	/** Nobody renews it until then. */
	keptUntil: epochSchema.optional(),
	/** SHA-256 of the tokens that its holders were given, the last ones. */
	tokens: z.array(sha256Schema).optional(),
	/** It was canceled, for this reason. */
	canceled: messageSchema.optional(),
});

/**
 * What is written down of a builder, from before its machine is asked for until it is gone: all that the next process
 * needs to go on with it. It holds secrets.
 */
export const builderRecordSchema = z.object({
	builderId: nameSchema,
	pool: nameSchema,
	/** The name of the provider. */
	provider: z.string().max(64),
	architecture: architectureSchema,
	askedAt: epochSchema,
	/** The one-time secret of the bootstrap, and what takes its place at the enrolment. */
	secret: base64urlSchema,
	sessionKey: base64urlSchema,
	enrolled: z.boolean(),
	fingerprint: sha256Schema.optional(),
	machine: z
		.object({
			id: z.string().max(256),
			imageId: z.string().max(1024),
			endpoint: endpointSchema.optional(),
			reach: z.enum(['host', 'network']).optional(),
		})
		.optional(),
	lease: leaseRecordSchema.optional(),
	/** It is being destroyed, for this reason. */
	givenUp: messageSchema.optional(),
});

/** See {@link builderRecordSchema}. */
export type BuilderRecord = Readonly<z.infer<typeof builderRecordSchema>>;

/** A lease as it is written down. */
export type StoredLease = Readonly<z.infer<typeof leaseRecordSchema>>;
