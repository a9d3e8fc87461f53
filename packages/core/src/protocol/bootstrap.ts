import * as z from 'zod';
import { ContainerBuilderError } from '../spec/index.js';
import { base64urlSchema, durationSchema, nameSchema } from './primitives.js';

/** Most bytes of a bootstrap. */
export const MAX_BOOTSTRAP_BYTES = 16_384;

const bootstrapSchema = z.strictObject({
	version: z.literal(1),
	builderId: nameSchema,
	owner: nameSchema,
	/** Where the daemon listens. */
	listen: z.strictObject({ url: z.string().min(1).max(1024) }),
	/** The one-time secret of the enrolment. */
	secret: base64urlSchema,
	/** The daemon ends itself when it was not enrolled after this time. */
	enrolMs: durationSchema,
	/** The daemon ends itself after this time, lease or not. */
	lifetimeMs: durationSchema,
	privilege: z.enum(['root', 'user-namespace']),
	/** Whether the queue has registry logins for its builders: the daemon then gets a key ready to receive them. */
	logins: z.boolean().optional(),
});

/** What a daemon is told before it starts: where it listens, and the secret by which it proves itself. */
export type Bootstrap = z.infer<typeof bootstrapSchema>;

/** The bytes for `MachineRequest.bootstrap`. */
export function encodeBootstrap(bootstrap: Bootstrap): Uint8Array {
	return Buffer.from(JSON.stringify(bootstrapSchema.parse(bootstrap)));
}

/** Reads them on the machine. Throws `protocol` where they are not a bootstrap. */
export function decodeBootstrap(bytes: Uint8Array): Bootstrap {
	try {
		return bootstrapSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
	} catch (error) {
		throw new ContainerBuilderError('protocol', 'the bootstrap of this machine cannot be read', {
			cause: error,
		});
	}
}
