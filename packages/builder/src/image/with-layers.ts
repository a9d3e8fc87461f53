import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Architecture, ContainerBuilderError, throwIfAborted } from '@olcf/container-builder-core';
import { baseLayer } from './base-layer.js';
import type { MakeBuilderImageOptions } from './builder-image.js';
import { daemonLayer, readDaemon } from './daemon-layer.js';
import type { ApptainerDeb } from './find-base.js';
import { imageLock } from './image-lock.js';
import type { BaseDescription } from './image-schema.js';
import { clearUnfinished, imageLayout, imagesDirectory, switchCurrent } from './image-store.js';
import { baseRecipe } from './recipe.js';

/** The two layers of which every builder image is made, and the means to write one. */
export interface ImageLayers {
	/** Of all images. */
	readonly directory: string;
	readonly architecture: Architecture;
	readonly base: BaseDescription;
	readonly daemonId: string;
	/** Which of them were made just now. */
	readonly created: { readonly base: boolean; readonly daemon: boolean };
	/** Makes an image the one that is used where none is named, in one step. */
	readonly switchCurrent: (link: string, name: string) => Promise<void>;
}

/** Finds the layers that the options mean, or makes them, and has `work` make an image of them, all under the lock. */
export async function withLayers<Result>(
	options: Omit<MakeBuilderImageOptions, 'format'>,
	work: (layers: ImageLayers) => Promise<Result>,
): Promise<Result> {
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
		return await work({
			directory,
			architecture,
			base,
			daemonId: daemon.id,
			created: { base: baseCreated, daemon: daemonCreated },
			switchCurrent: (link, name) => switchCurrent(directory, link, name),
		});
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
