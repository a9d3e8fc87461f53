import * as z from 'zod';
import { defineMethods } from '../rpc/define-methods.js';
import {
	buildIdSchema,
	countSchema,
	durationSchema,
	emptySchema,
	leaseIdSchema,
	messageSchema,
	sha256Schema,
} from './primitives.js';
import { envelopeSchema } from './provenance-schemas.js';
import {
	buildFilterSchema,
	buildOutcomeSchema,
	buildRecordSchema,
	checkoutEventSchema,
	checkoutRequestSchema,
	imageRepositorySchema,
	leaseSchema,
	queueEventSchema,
	queueStatusSchema,
} from './queue-schemas.js';

const byBuild = z.strictObject({ buildId: buildIdSchema });
const byLease = z.strictObject({ leaseId: leaseIdSchema });

/** The channel `queue`: clients dial, the queue serves. See `Queue` and `Lease`. */
export const queueMethods = defineMethods({
	/** Answers with the lease; the events tell place and reason. Aborting the request leaves the line. */
	checkout: { params: checkoutRequestSchema, result: leaseSchema, event: checkoutEventSchema },
	find: { params: byBuild, result: z.strictObject({ build: buildRecordSchema.optional() }) },
	list: { params: buildFilterSchema, result: emptySchema, event: buildRecordSchema },
	resume: { params: byBuild, result: leaseSchema },
	cancel: { params: byBuild.extend({ reason: messageSchema.optional() }), result: emptySchema },
	status: { params: emptySchema, result: queueStatusSchema },
	watch: {
		params: z.strictObject({ after: countSchema.optional() }),
		result: emptySchema,
		event: queueEventSchema,
	},
	images: { params: emptySchema, result: z.strictObject({ images: z.array(imageRepositorySchema) }) },
	'provenance-key': {
		params: emptySchema,
		result: z.strictObject({ keyId: sha256Schema, publicKey: z.string().max(1024) }),
	},
	'lease-attest': { params: byLease, result: envelopeSchema },
	'lease-renew': { params: byLease, result: z.strictObject({ remainingMs: durationSchema }) },
	'lease-replace': { params: byLease.extend({ reason: z.literal('builder-lost') }), result: leaseSchema },
	'lease-detach': { params: byLease.extend({ keepMs: durationSchema }), result: emptySchema },
	'lease-release': { params: byLease.extend({ outcome: buildOutcomeSchema }), result: emptySchema },
});
