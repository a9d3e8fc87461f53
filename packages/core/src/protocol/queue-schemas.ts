import * as z from 'zod';
import { builderInfoSchema, resolvedBasesSchema } from './builder-schemas.js';
import {
	architectureSchema,
	base64urlSchema,
	buildIdSchema,
	countSchema,
	durationSchema,
	endpointSchema,
	errorCodeSchema,
	labelsSchema,
	leaseIdSchema,
	messageSchema,
	nameSchema,
	serializedErrorSchema,
} from './primitives.js';
import { declarationSchema } from './provenance-schemas.js';

const userSchema = z.string().max(256);
export const buildStateSchema = z.enum([
	'queued',
	'connecting',
	'uploading',
	'building',
	'built',
	'downloading',
	'succeeded',
	'failed',
	'canceled',
]);
/** Of `CheckoutPriority`. */
export const prioritySchema = z.enum(['low', 'normal', 'high']);
export const checkoutRequestSchema = z.strictObject({
	buildId: buildIdSchema,
	pool: nameSchema.optional(),
	architecture: architectureSchema.optional(),
	priority: prioritySchema.optional(),
	labels: labelsSchema.optional(),
	declaration: declarationSchema.optional(),
});
export const checkoutEventSchema = z.discriminatedUnion('type', [
	z.strictObject({
		type: z.literal('place'),
		place: z.number().int().min(1),
		reason: z.enum([
			'builder-starting',
			'all-builders-busy',
			'provider-failing',
			'queue-starting',
			'user-limit',
		]),
		detail: messageSchema.optional(),
		starting: countSchema.optional(),
		busy: countSchema.optional(),
		estimateMs: durationSchema.optional(),
	}),
	z.strictObject({ type: z.literal('granted'), builderId: nameSchema }),
]);
/** A lease as it crosses the wire. */
export const leaseSchema = z.strictObject({
	id: leaseIdSchema,
	buildId: buildIdSchema,
	builderId: nameSchema,
	endpoint: endpointSchema,
	token: base64urlSchema,
	/** Whether the queue has to carry the connections to the builder. */
	relay: z.boolean().optional(),
	builder: builderInfoSchema,
	deadlineMs: durationSchema,
	idleMs: durationSchema,
});
export const buildOutcomeSchema = z.strictObject({
	status: z.enum(['succeeded', 'failed', 'canceled']),
	code: errorCodeSchema.optional(),
});
export const buildRecordSchema = z.strictObject({
	buildId: buildIdSchema,
	user: userSchema,
	state: buildStateSchema,
	pool: nameSchema.optional(),
	priority: prioritySchema.optional(),
	architecture: architectureSchema,
	labels: labelsSchema,
	builderId: nameSchema.optional(),
	bases: resolvedBasesSchema.optional(),
	ageMs: durationSchema,
	error: serializedErrorSchema.optional(),
});
export const buildFilterSchema = z.strictObject({
	all: z.boolean().optional(),
	user: userSchema.optional(),
	states: z.array(buildStateSchema).optional(),
});
const poolBuilderStateSchema = z.enum([
	'creating',
	'booting',
	'ready',
	'leased',
	'destroying',
	'failed',
	'gone',
]);
/** Of `PoolExplanation`. */
const poolExplanationSchema = z.strictObject({
	wanted: z.strictObject({ waiting: countSchema, reserve: countSchema }),
	have: z.strictObject({
		creating: countSchema,
		booting: countSchema,
		ready: countSchema,
		leased: countSchema,
		failed: countSchema,
		destroying: countSchema,
	}),
	outdated: countSchema,
	create: countSchema,
	createReason: z.enum(['checkout', 'reserve', 'rotation']),
	destroy: z
		.array(
			z.strictObject({
				id: nameSchema,
				reason: z.enum(['failed', 'expired', 'outdated', 'surplus', 'closing', 'disabled']),
			}),
		)
		.readonly(),
	heldBy: z
		.array(
			z.strictObject({
				by: z.enum([
					'draining',
					'disabled',
					'max',
					'quota',
					'pausing',
					'provider-failing',
					'rate',
					'concurrency',
				]),
				missing: countSchema,
				untilMs: durationSchema.optional(),
			}),
		)
		.readonly(),
});
const queueStateSchema = z.enum(['open', 'draining', 'closed']);
/** Of `QueueStatus`. */
export const queueStatusSchema = z.strictObject({
	owner: nameSchema,
	version: z.string().max(64),
	state: queueStateSchema,
	pools: z.array(
		z.strictObject({
			name: nameSchema,
			provider: z.string().max(64),
			architecture: architectureSchema,
			emulates: z.array(architectureSchema).max(16).readonly().optional(),
			max: countSchema,
			reserve: countSchema,
			explanation: poolExplanationSchema.optional(),
		}),
	),
	builders: z.array(
		z.strictObject({
			id: nameSchema,
			pool: nameSchema,
			state: poolBuilderStateSchema,
			endpoint: endpointSchema.optional(),
			ageMs: durationSchema,
			buildId: buildIdSchema.optional(),
			user: userSchema.optional(),
			fault: messageSchema.optional(),
		}),
	),
	waiting: z.array(
		z.strictObject({
			buildId: buildIdSchema,
			user: userSchema,
			pool: nameSchema.optional(),
			architecture: architectureSchema,
			priority: prioritySchema.optional(),
			place: countSchema,
			waitingMs: durationSchema,
		}),
	),
});
const numbered = { sequence: countSchema, time: z.iso.datetime() };
/** Of `QueueEvent`. */
export const queueEventSchema = z.discriminatedUnion('type', [
	z.strictObject({
		...numbered,
		type: z.literal('builder-create-start'),
		builderId: nameSchema,
		pool: nameSchema,
		reason: messageSchema,
	}),
	z.strictObject({
		...numbered,
		type: z.literal('builder-progress'),
		builderId: nameSchema,
		message: messageSchema,
	}),
	z.strictObject({
		...numbered,
		type: z.literal('builder-create-end'),
		builderId: nameSchema,
		machineId: z.string().max(256),
	}),
	z.strictObject({
		...numbered,
		type: z.literal('builder-ready'),
		builderId: nameSchema,
		bootMs: durationSchema,
	}),
	z.strictObject({
		...numbered,
		type: z.literal('builder-adopted'),
		builderId: nameSchema,
		leaseId: leaseIdSchema.optional(),
	}),
	z.strictObject({
		...numbered,
		type: z.literal('builder-failed'),
		builderId: nameSchema,
		error: serializedErrorSchema,
	}),
	z.strictObject({
		...numbered,
		type: z.literal('builder-destroy-start'),
		builderId: nameSchema,
		reason: messageSchema,
	}),
	z.strictObject({ ...numbered, type: z.literal('builder-gone'), builderId: nameSchema }),
	z.strictObject({
		...numbered,
		type: z.literal('checkout-start'),
		buildId: buildIdSchema,
		user: userSchema,
	}),
	z.strictObject({
		...numbered,
		type: z.literal('checkout-end'),
		buildId: buildIdSchema,
		outcome: z.enum(['granted', 'left', 'failed']),
	}),
	z.strictObject({
		...numbered,
		type: z.literal('lease-start'),
		buildId: buildIdSchema,
		builderId: nameSchema,
		leaseId: leaseIdSchema,
	}),
	z.strictObject({
		...numbered,
		type: z.literal('lease-end'),
		buildId: buildIdSchema,
		builderId: nameSchema,
		reason: messageSchema,
	}),
	z.strictObject({ ...numbered, type: z.literal('queue-state'), state: queueStateSchema }),
]);
export const imageRepositorySchema = z.strictObject({
	repository: z.string().max(512),
	tags: z.array(z.string().max(256)),
});
