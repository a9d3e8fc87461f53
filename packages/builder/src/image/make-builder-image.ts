import { join } from 'node:path';
import {
	type BuilderImageManifest,
	ContainerBuilderError,
	throwIfAborted,
} from '@olcf/container-builder-core';
import type { BuilderImage, MakeBuilderImageOptions } from './builder-image.js';
import { imageLayout } from './image-store.js';
import { pruneImages } from './prune-images.js';
import { rootfsImage } from './rootfs-image.js';
import { withLayers } from './with-layers.js';

/** How each format is written from its two layers. */
const FORMATS = { rootfs: rootfsImage } as const satisfies Record<BuilderImageManifest['format'], unknown>;

/**
 * Makes the image that builders are started from, as far as it is not there already, and makes it the current one.
 * Two layers: a Debian tree with the backends, by mmdebstrap from a mirror, and the daemon. A base that is there is
 * used as it is, without network, until `refresh` asks for newer packages; a new daemon only makes a new layer.
 *
 * Nothing unfinished ever bears a final name, and two calls at once, also of two processes, do the work once.
 *
 * Rejects with `provider-misconfigured` where programs or the right to make an image are missing (the hint is the
 * command that mends it), `builder-image` where the mirror cannot be used (`isExpiredRelease` tells the case that
 * `allowExpiredRelease` is for), `source-missing` for a daemon or package that cannot be read, `invalid-option`,
 * `unsupported` and `canceled`.
 */
export async function makeBuilderImage(options: MakeBuilderImageOptions): Promise<BuilderImage> {
	throwIfAborted(options.signal);
	const format = FORMATS[options.format ?? 'rootfs'];
	if (format === undefined) {
		throw new ContainerBuilderError(
			'unsupported',
			`no builder image can be made of format ${options.format}`,
		);
	}
	return await withLayers(
		options,
		async ({ directory, architecture, base, daemonId, created, switchCurrent }) => {
			const manifest = await format(directory, { architecture, base, daemonId });
			await switchCurrent(imageLayout.current, manifest.id);
			await pruneImages(directory, manifest.id);
			return { manifest, path: join(directory, manifest.id), created };
		},
	);
}
