import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type AbortOptions,
	ARCHITECTURES,
	cachePath,
	throwIfAborted,
	type VmImageManifest,
} from '@olcf/container-builder-core';
import * as z from 'zod';
import { imageLayout, readJson } from '../image/image-store.js';
import type { VmImageFormat } from './vm-image.js';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.object({ path: z.string().min(1) });
const manifest = z.object({
	schemaVersion: z.literal(1),
	format: z.enum(['raw', 'qcow2']),
	id: digest,
	architecture: z.enum(ARCHITECTURES),
	createdAt: z.string(),
	disk: file.extend({ size: z.int().positive() }),
	kernel: file.extend({ package: z.string(), version: z.string() }),
	initrd: file,
	commandLine: z.string(),
	base: z.object({ id: digest, suite: z.string() }),
	daemon: z.object({ id: digest }),
});

/** Name of the link to the image of a format that is used where none is named. */
export function currentVmImage(format: VmImageFormat): string {
	return `current-${format}`;
}

/** The image in a directory; undefined where there is none, or where a part of it is missing. */
export async function readVmImage(path: string): Promise<VmImageManifest | undefined> {
	const { data } = manifest.safeParse(await readJson(join(path, imageLayout.manifest)));
	if (data === undefined) return undefined;
	for (const part of [data.disk, data.kernel, data.initrd]) {
		if ((await stat(join(path, part.path)).catch(() => undefined)) === undefined) return undefined;
	}
	return data;
}

/** Options of `findVmImage`. */
export interface FindVmImageOptions extends AbortOptions {
	/** Where builder images are kept. @default `images` in the cache directory */
	readonly directory?: string | undefined;
	readonly format: VmImageFormat;
}

/** The current image of a virtual machine; undefined where there is none. Writes nothing and uses no network. */
export async function findVmImage(
	options: FindVmImageOptions,
): Promise<{ readonly manifest: VmImageManifest; readonly path: string } | undefined> {
	throwIfAborted(options.signal);
	const directory = options.directory ?? join(cachePath(), 'images');
	const path = await realpath(join(directory, currentVmImage(options.format))).catch(() => undefined);
	const found = path === undefined ? undefined : await readVmImage(path);
	return path === undefined || found === undefined ? undefined : { manifest: found, path };
}
