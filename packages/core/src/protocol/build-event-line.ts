import * as z from 'zod';
import {
	effectiveLimitsFields,
	emulationFields,
	limitUseFields,
	resolvedBasesSchema,
} from './builder-schemas.js';
import { buildIdSchema, countSchema, durationSchema, serializedErrorSchema } from './primitives.js';
import { buildStateSchema } from './queue-schemas.js';

const common = { buildId: buildIdSchema, sequence: countSchema, time: z.iso.datetime() };
const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
	z.strictObject({ ...common, type: z.literal(type), ...shape });

/**
 * One line of `container-builder --progress json`, version 1: a `BuildEvent` whose bytes are base64 (RFC 4648, section
 * 4). What is added later is a new type or an optional member; anything else is another version.
 */
export const buildEventLineSchema = z.discriminatedUnion('type', [
	event('build-start', {
		kind: z.enum(['apptainer', 'dockerfile']),
		contextSize: countSchema,
		contextEntries: countSchema,
	}),
	event('state', { state: buildStateSchema }),
	event('queue-place', {
		place: countSchema,
		reason: z.string(),
		detail: z.string().optional(),
		starting: countSchema.optional(),
		busy: countSchema.optional(),
		estimateMs: durationSchema.optional(),
	}),
	event('builder', {
		builderId: z.string(),
		url: z.string(),
		privilege: z.enum(['root', 'user-namespace']),
	}),
	event('upload-progress', { sentBytes: countSchema, size: countSchema }),
	event('emulation', emulationFields),
	event('bases', { bases: resolvedBasesSchema }),
	event('backend-start', { backend: z.string(), command: z.array(z.string()) }),
	event('limits', effectiveLimitsFields),
	event('limit-near', limitUseFields),
	event('output', { offset: countSchema, bytes: z.base64() }),
	event('output-dropped', { offset: countSchema, size: countSchema }),
	event('backend-end', { exitCode: z.number().int().nullable(), signal: z.string().nullable() }),
	event('download-progress', { receivedBytes: countSchema, size: countSchema }),
	event('build-retry', {
		attempt: countSchema,
		error: serializedErrorSchema,
		backendStarted: z.boolean(),
		outputOffset: countSchema,
	}),
	event('warning', { message: z.string() }),
	event('build-end', {
		status: z.enum(['succeeded', 'failed', 'canceled']),
		error: serializedErrorSchema.optional(),
	}),
]);
