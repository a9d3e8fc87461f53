import * as z from 'zod';
import { countSchema, serializedErrorSchema } from '../protocol/primitives.js';

/** What the calling side sends: a request, or that it no longer wants the answer. */
export const rpcRequestSchema = z.discriminatedUnion('type', [
	z.strictObject({
		type: z.literal('request'),
		id: countSchema,
		method: z.string().max(64),
		params: z.unknown(),
	}),
	z.strictObject({ type: z.literal('abort'), id: countSchema }),
]);

/** What the serving side sends: events of a request, then its response or its failure. */
export const rpcReplySchema = z.discriminatedUnion('type', [
	z.strictObject({ type: z.literal('event'), id: countSchema, event: z.unknown() }),
	z.strictObject({ type: z.literal('response'), id: countSchema, result: z.unknown() }),
	z.strictObject({ type: z.literal('failure'), id: countSchema, error: serializedErrorSchema }),
]);

/** A frame of the serving side. */
export type RpcReply = z.infer<typeof rpcReplySchema>;
