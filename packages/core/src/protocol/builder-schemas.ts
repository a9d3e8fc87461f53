import * as z from 'zod';
import {
	architectureSchema,
	argumentsSchema,
	buildIdSchema,
	countSchema,
	durationSchema,
	labelsSchema,
	nameSchema,
	serializedErrorSchema,
	sha256Schema,
} from './primitives.js';

export const terminalSizeSchema = z.strictObject({
	columns: z.number().int().min(1).max(10_000),
	rows: z.number().int().min(1).max(10_000),
});
/** Of `BuilderInfo`. */
export const builderInfoSchema = z.strictObject({
	builderId: nameSchema,
	version: z.string().max(64),
	architectures: z.array(architectureSchema).min(1),
	backends: z.array(z.strictObject({ name: z.string().max(64), version: z.string().max(256) })),
	privilege: z.enum(['root', 'user-namespace']),
});
const buildLimitsSchema = z.strictObject({
	timeMs: durationSchema.optional(),
	outputBytes: countSchema.optional(),
	imageBytes: countSchema.optional(),
});
/** Most bytes of all secrets of a build together. */
export const MAX_SECRET_BYTES = 524_288;
/** Of `BuildSecret.id`. */
export const secretIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const buildSecretSchema = z.strictObject({
	id: secretIdSchema,
	value: z.base64().max(Math.ceil(MAX_SECRET_BYTES / 3) * 4),
});
/** Of `RegistryLogin[]`. */
export const registryLoginsSchema = z
	.array(
		z.strictObject({
			registry: z.string().min(1).max(512),
			username: z.string().max(1024).optional(),
			password: z.string().max(16_384).optional(),
			identityToken: z.string().max(16_384).optional(),
		}),
	)
	.max(64)
	.readonly();
/** Of `ResolvedBase[]`. */
export const resolvedBasesSchema = z
	.array(
		z.strictObject({
			reference: z.string().min(1).max(1024),
			digest: z.string().regex(/^[a-z0-9]+:[0-9a-f]{32,128}$/),
		}),
	)
	.max(256)
	.readonly();
/** The longest definition, in UTF-16 code units. */
export const MAX_DEFINITION_LENGTH = 1_048_576;
/** Of `BuildRequest`. */
export const buildRequestSchema = z.strictObject({
	buildId: buildIdSchema,
	definition: z.string().max(MAX_DEFINITION_LENGTH),
	kind: z.enum(['apptainer', 'dockerfile']),
	backend: z.string().max(64).optional(),
	format: z.enum(['sif', 'oci-archive']),
	compression: z.enum(['zstd', 'gzip']).optional(),
	architecture: architectureSchema,
	arguments: argumentsSchema,
	target: z.string().max(128).optional(),
	secrets: z.array(buildSecretSchema).max(64).readonly().optional(),
	logins: registryLoginsSchema.optional(),
	context: z.strictObject({ digest: sha256Schema, size: countSchema, entries: countSchema }).optional(),
	terminal: terminalSizeSchema.optional(),
	debug: z.boolean().optional(),
	limits: buildLimitsSchema.optional(),
	labels: labelsSchema,
});
const builderPhaseSchema = z.enum(['idle', 'leased', 'uploading', 'building', 'built', 'failed', 'canceled']);
const imageFields = { size: countSchema, sha256: sha256Schema };
/** Of `BuilderState`. */
export const builderStateSchema = z.strictObject({
	phase: builderPhaseSchema,
	sequence: countSchema,
	buildId: buildIdSchema.optional(),
	backendStarted: z.boolean(),
	exitCode: z.number().int().optional(),
	image: z.strictObject(imageFields).optional(),
	error: serializedErrorSchema.optional(),
	outputBytes: countSchema,
});
/** Of `EffectiveLimits`. */
export const effectiveLimitsFields = {
	timeMs: durationSchema.optional(),
	outputBytes: countSchema,
	imageBytes: countSchema.optional(),
	deadlineMs: durationSchema,
};
/** Of `LimitUse`. */
export const limitUseFields = {
	limit: z.enum(['time', 'output', 'deadline']),
	used: countSchema,
	of: countSchema,
};
/** What is emulated, and on what. */
export const emulationFields = { architecture: architectureSchema, native: architectureSchema };
const numbered = { sequence: countSchema, elapsedMs: durationSchema };
/** Of `BuilderEvent`. */
export const builderEventSchema = z.discriminatedUnion('type', [
	z.strictObject({ ...numbered, type: z.literal('phase'), phase: builderPhaseSchema }),
	z.strictObject({ ...numbered, type: z.literal('context'), receivedBytes: countSchema, size: countSchema }),
	z.strictObject({ ...numbered, type: z.literal('emulation'), ...emulationFields }),
	z.strictObject({ ...numbered, type: z.literal('bases'), bases: resolvedBasesSchema }),
	z.strictObject({
		...numbered,
		type: z.literal('backend-start'),
		backend: z.string().max(64),
		command: z.array(z.string().max(65_536)).max(1024),
	}),
	z.strictObject({ ...numbered, type: z.literal('limits'), ...effectiveLimitsFields }),
	z.strictObject({ ...numbered, type: z.literal('limit-near'), ...limitUseFields }),
	z.strictObject({
		...numbered,
		type: z.literal('backend-end'),
		exitCode: z.number().int().nullable(),
		signal: z.string().max(32).nullable(),
	}),
	z.strictObject({ ...numbered, type: z.literal('image'), ...imageFields }),
	z.strictObject({
		...numbered,
		type: z.literal('end'),
		phase: z.enum(['built', 'failed', 'canceled']),
		error: serializedErrorSchema.optional(),
	}),
]);
