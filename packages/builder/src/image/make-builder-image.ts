import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
	type Architecture,
	type BuilderImageManifest,
	ContainerBuilderError,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { baseLayer } from './base-layer.js';
import type { BuilderImage, MakeBuilderImageOptions } from './builder-image.js';
import { daemonLayer, readDaemon } from './daemon-layer.js';
import type { ApptainerDeb } from './find-base.js';
import { imageLock } from './image-lock.js';
import { clearUnfinished, imageLayout, imagesDirectory, switchCurrent } from './image-store.js';
import { pruneImages } from './prune-images.js';
import { baseRecipe } from './recipe.js';
import { rootfsImage } from './rootfs-image.js';

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
	const architecture = supportedArchitecture(options.architecture);
	const deb = options.apptainerDeb === undefined ? undefined : await readDeb(options.apptainerDeb);
	const recipe = baseRecipe(options.suite ?? 'trixie', architecture);
	const daemon = await readDaemon(options.daemon);

	const directory = await imagesDirectory(options.directory);
	const lock = await imageLock(join(directory, imageLayout.lock), {
		signal: options.signal,
		onWait: () => options.onProgress?.('waiting for another process that makes a builder image'),
	});
	try {
		await clearUnfinished(directory);
		const { base, created: baseCreated } = await baseLayer(directory, recipe, deb, {
			...options,
			guard: lock.guard,
		});
		throwIfAborted(options.signal);
		const { created: daemonCreated } = await daemonLayer(directory, daemon);
		const manifest = await format(directory, { architecture, base, daemonId: daemon.id });
		await switchCurrent(directory, manifest.id);
		await pruneImages(directory, manifest.id);
		return {
			manifest,
			path: join(directory, manifest.id),
			created: { base: baseCreated, daemon: daemonCreated },
		};
	} finally {
		await lock.release();
	}
}

const MACHINE_ARCHITECTURES: Partial<Record<NodeJS.Architecture, Architecture>> = {
	x64: 'amd64',
	arm64: 'arm64',
	ppc64: 'ppc64le',
};

function supportedArchitecture(wanted: Architecture | undefined): Architecture {
	const machine = MACHINE_ARCHITECTURES[process.arch];
	if (machine === undefined || (wanted !== undefined && wanted !== machine)) {
		throw new ContainerBuilderError(
			'unsupported',
			`a builder image for ${wanted ?? process.arch} cannot be made on a machine of architecture ${process.arch}`,
			{ hint: 'Make it on a machine of that architecture.' },
		);
	}
	return machine;
}

async function readDeb(path: string): Promise<ApptainerDeb> {
	const hash = createHash('sha256');
	try {
		await pipeline(createReadStream(path), hash);
	} catch (cause) {
		throw new ContainerBuilderError('source-missing', `the package ${path} cannot be read`, { cause });
	}
	return { path: resolve(path), sha256: hash.digest('hex') };
}
