import * as z from 'zod';
import { countSchema, serializedErrorSchema, sha256Schema } from './primitives.js';

/**
 * The channels `output` and `image`. The client opens at an offset; the daemon answers `start`, then bytes, then
 * `end`; instead of `start` or `end` it may say `failure`. `size` and `sha256` are of the whole stream from byte 0.
 */
export const streamOpenSchema = z.strictObject({ type: z.literal('open'), from: countSchema });
/** What the daemon says beside bytes. `start` has size and digest where they are known already (`image`). */
export const streamReplySchema = z.discriminatedUnion('type', [
	z.strictObject({
		type: z.literal('start'),
		from: countSchema,
		size: countSchema.optional(),
		sha256: sha256Schema.optional(),
	}),
	z.strictObject({ type: z.literal('end'), size: countSchema, sha256: sha256Schema }),
	z.strictObject({ type: z.literal('failure'), error: serializedErrorSchema }),
]);

/** How the frames of a context's archive are compressed, each by itself. `zstd` where both runtimes have it. */
export const contextEncodingSchema = z.enum(['zstd', 'gzip', 'identity']);
/**
 * The channel `context`, the client's side: `open`; then, where the daemon lacks the manifest, `manifest` and its
 * canonical bytes in binary frames; `archive` and the tar bytes in binary frames, from the offset that the daemon
 * named; `end`. Offsets and `size` are of the uncompressed archive from byte 0. It has no digest of its own: each file is
 * checked against the manifest, and the manifest against the request.
 */
export const contextClientSchema = z.discriminatedUnion('type', [
	z.strictObject({
		type: z.literal('open'),
		digest: sha256Schema,
		encodings: z.array(contextEncodingSchema).min(1).max(3),
	}),
	z.strictObject({ type: z.literal('manifest'), size: countSchema }),
	z.strictObject({ type: z.literal('archive'), from: countSchema }),
	z.strictObject({ type: z.literal('end'), size: countSchema }),
]);
/** The daemon's side: `have` answers `open`, `verified` answers `end`. A context that is complete is `verified` at once. */
export const contextDaemonSchema = z.discriminatedUnion('type', [
	z.strictObject({
		type: z.literal('have'),
		manifest: z.boolean(),
		offset: countSchema,
		encoding: contextEncodingSchema,
	}),
	z.strictObject({ type: z.literal('verified') }),
	z.strictObject({ type: z.literal('failure'), error: serializedErrorSchema }),
]);
