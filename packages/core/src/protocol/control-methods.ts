import * as z from 'zod';
import { defineMethods } from '../rpc/define-methods.js';
import { builderEventSchema, builderInfoSchema, builderStateSchema } from './builder-schemas.js';
import {
	base64urlSchema,
	buildIdSchema,
	countSchema,
	durationSchema,
	emptySchema,
	leaseIdSchema,
	messageSchema,
	nameSchema,
	sha256Schema,
} from './primitives.js';
import { MAX_SEALED_LENGTH } from './sealed-logins.js';

/**
 * The channel `control`: the queue dials, the daemon serves. `enrol` and `accept` come first, in this order;
 * until both have gone through, everything else is refused with `unauthenticated`.
 */
export const controlMethods = defineMethods({
	/**
	 * The queue's challenge; the answer's `mac` is made by `enrolmentMac` with role `builder`. `key: 'secret'`: the
	 * one-time secret of the bootstrap, once; `key: 'session'`: the session key of the enrolment, at later dials.
	 */
	enrol: {
		params: z.strictObject({ queueNonce: base64urlSchema, key: z.enum(['secret', 'session']) }),
		result: z.strictObject({
			builderId: nameSchema,
			builderNonce: base64urlSchema,
			fingerprint: sha256Schema.optional(),
			mac: base64urlSchema,
		}),
	},
	/** The queue's own proof (role `queue`), and at the first enrolment the session key; the secret is spent. */
	accept: {
		params: z.strictObject({ mac: base64urlSchema, sessionKey: base64urlSchema.optional() }),
		result: z.strictObject({
			...builderInfoSchema.shape,
			/** Where the bootstrap asked for it: the key that the site's registry logins are to be sealed to (`seal`). */
			loginsKey: base64urlSchema.optional(),
		}),
	},
	/** Alive? */
	probe: { params: emptySchema, result: builderStateSchema },
	/**
	 * Gives the builder to one build. `deadlineMs` is hard and counts from here; `idleMs` is how long the builder
	 * lives with neither its client nor its queue connected. A second lease is refused with `busy`.
	 */
	lease: {
		params: z.strictObject({
			leaseId: leaseIdSchema,
			buildId: buildIdSchema,
			user: z.string().max(256),
			tokenSha256: sha256Schema,
			deadlineMs: durationSchema,
			idleMs: durationSchema,
			/** `declarationDigest` of what the queue was told would be built: nothing else is to be started. */
			declarationSha256: sha256Schema.optional(),
			/** The site's registry logins, sealed to `loginsKey`. */
			sealedLogins: z.string().max(MAX_SEALED_LENGTH).optional(),
		}),
		result: emptySchema,
	},
	/** A further token for the same lease; the older ones stay good. */
	token: { params: z.strictObject({ tokenSha256: sha256Schema }), result: emptySchema },
	/** Moves the deadline to `deadlineMs` from now. */
	extend: { params: z.strictObject({ deadlineMs: durationSchema }), result: emptySchema },
	/** Ends the build. */
	cancel: {
		params: z.strictObject({ force: z.boolean(), reason: messageSchema }),
		result: emptySchema,
	},
	/** State reports: the events behind `after`, then those that come. */
	states: { params: z.strictObject({ after: countSchema }), result: emptySchema, event: builderEventSchema },
	/** Ends the backend and the daemon, and powers the machine off. */
	shutdown: { params: emptySchema, result: emptySchema },
});
