import { ARCHITECTURES, type BuilderImageManifest } from '@olcf/container-builder-core';
import * as z from 'zod';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const base = z.object({
	id: digest,
	path: z.string().min(1),
	size: z.int().positive(),
	sha256: digest,
	suite: z.string(),
	packages: z.record(z.string(), z.string()),
	indexes: z.record(z.string(), z.string()),
});

const manifest = z.object({
	schemaVersion: z.literal(1),
	format: z.literal('rootfs'),
	id: digest,
	architecture: z.enum(ARCHITECTURES),
	createdAt: z.string(),
	base,
	daemon: z.object({ id: digest, path: z.string().min(1) }),
	command: z.array(z.string()).min(1),
});

/** `base.json`: what the manifest says of a base, and what finds the base again. */
export interface BaseDescription extends Omit<BuilderImageManifest['base'], 'path'> {
	/** See `recipeId`. */
	readonly recipe: string;
	/** SHA-256 of the Debian package that stands in for sid's apptainer. */
	readonly apptainerDeb?: string | undefined;
	/** The base's id by what the mirror was said to give; differs from `id` where it gave something else. */
	readonly resolution: string;
}

const baseDescription = base.omit({ path: true }).extend({
	recipe: digest,
	apptainerDeb: digest.optional(),
	resolution: digest,
});

/** The manifest in `value`; undefined where it is none. */
export function parseManifest(value: unknown): BuilderImageManifest | undefined {
	return manifest.safeParse(value).data;
}

/** The description in `value`; undefined where it is none. */
export function parseBaseDescription(value: unknown): BaseDescription | undefined {
	return baseDescription.safeParse(value).data;
}
