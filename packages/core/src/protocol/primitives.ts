import * as z from 'zod';
import { ARCHITECTURES, ERROR_CODES, type ErrorCode } from '../spec/index.js';

/** A name of ours: builder, owner, pool. Safe as a file name and as a tag in a cloud. */
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
/** The id of a build; made by the client. */
export const buildIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/);
/** The id of a lease; made by the queue. */
export const leaseIdSchema = z.string().regex(/^[A-Za-z0-9-]{8,64}$/);
/** 64 lower-case hexadecimal digits. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
/** Bytes in base64url without padding. */
export const base64urlSchema = z.string().regex(/^[A-Za-z0-9_-]{16,128}$/);
/** A count of bytes or milliseconds, or a number of an event. */
export const countSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
/** A length of time in milliseconds, at most a hundred days. */
export const durationSchema = z.number().nonnegative().max(8_640_000_000);
/** Text for people. */
export const messageSchema = z.string().max(16_384);
/** Of `Architecture`. */
export const architectureSchema = z.enum(ARCHITECTURES);
export const labelsSchema = z
	.record(z.string().min(1).max(256), z.string().max(4096))
	.refine((labels) => Object.keys(labels).length <= 64, 'at most 64 labels');
export const argumentsSchema = z
	.record(z.string().min(1).max(256), z.string().max(65_536))
	.refine((values) => Object.keys(values).length <= 1024, 'at most 1024 arguments');
export const errorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);
/** Of `SerializedError`. */
export const serializedErrorSchema = z.strictObject({
	code: errorCodeSchema,
	message: messageSchema,
	hint: messageSchema.optional(),
	retryable: z.boolean(),
	details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export const emptySchema = z.strictObject({});
const endpointBase = z.strictObject({
	url: z.string().min(1).max(1024),
	fingerprint: sha256Schema.optional(),
});
/** Where something is reached; see `Endpoint`. */
export const endpointSchema = endpointBase.extend({
	relay: z.strictObject({ endpoint: endpointBase, leaseId: leaseIdSchema }).optional(),
});
