import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerBuilderError, throwIfAborted, type VmImageManifest } from '@olcf/container-builder-core';
import { execa } from 'execa';
import {
	clearUnfinished,
	imageLayout,
	remove,
	unfinishedDirectory,
	writeJson,
} from '../image/image-store.js';
import { type ImageLayers, withLayers } from '../image/with-layers.js';
import { currentVmImage, readVmImage } from './find-vm-image.js';
import { type KernelDescription, kernelDirectory, kernelLayer } from './kernel-layer.js';
import { pruneVmImages } from './prune-vm-images.js';
import { requireVmPrograms } from './require-vm-programs.js';
import { vmFilesDirectory, vmFilesId } from './vm-files.js';
import type { MakeVmImageOptions, VmImage } from './vm-image.js';

/** Also in the disk's own boot loader. */
const COMMAND_LINE = 'console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check';

/**
 * Makes the image that virtual machines are started from, as far as it is not there already, and makes it the current
 * one of its format: the tree of `makeBuilderImage`, Debian's kernel for virtual machines, and an init that starts
 * nothing but the daemon. By root, without mounts and loop devices.
 *
 * Rejects as `makeBuilderImage` does.
 */
export async function makeVmImage(options: MakeVmImageOptions): Promise<VmImage> {
	throwIfAborted(options.signal);
	await requireVmPrograms(options.format);
	return await withLayers(options, async (layers) => {
		const { directory, architecture } = layers;
		const kernel = await kernelLayer(directory, architecture, await readdir(directory), options);
		const files = await vmFilesId();
		const parts = ['vm', options.format, layers.base.id, layers.daemonId, kernel.id, files];
		const id = createHash('sha256').update(parts.join('\n')).digest('hex');
		const path = join(directory, `vm-${id}`);
		const there = await readVmImage(path);
		const manifest = there ?? (await makeDisk(path, { id, layers, kernel, options }));
		// Used now: pruning goes by this time.
		for (const used of [path, join(directory, kernelDirectory(kernel.id))])
			await utimes(used, new Date(), new Date());
		await layers.switchCurrent(currentVmImage(options.format), `vm-${id}`);
		await pruneVmImages(directory);
		return { manifest, path, created: there === undefined };
	});
}

interface DiskParts {
	readonly id: string;
	readonly layers: ImageLayers;
	readonly kernel: KernelDescription;
	readonly options: MakeVmImageOptions;
}

async function makeDisk(path: string, { id, layers, kernel, options }: DiskParts): Promise<VmImageManifest> {
	const { directory, base, architecture, daemonId } = layers;
	const { format, signal } = options;
	await clearUnfinished(directory);
	const unfinished = await unfinishedDirectory(directory);
	try {
		const finished = join(unfinished, 'vm');
		await mkdir(finished, { mode: 0o755 });
		options.onProgress?.('writing the disk of the virtual machine');
		const making = execa(
			'bash',
			[
				join(vmFilesDirectory(), 'make-disk.sh'),
				finished,
				join(directory, imageLayout.base(base.id), imageLayout.archive),
				join(directory, imageLayout.daemon(daemonId)),
				join(directory, kernelDirectory(kernel.id)),
				format,
				COMMAND_LINE,
			],
			{
				all: true,
				reject: false,
				stdin: 'ignore',
				...(signal === undefined ? {} : { cancelSignal: signal }),
			},
		);
		if (options.onOutput !== undefined) making.all.on('data', options.onOutput);
		const { failed, all, exitCode } = await making;
		throwIfAborted(signal);
		if (failed) throw diskError(exitCode, all);
		const disk = `disk.${format}`;
		const manifest: VmImageManifest = {
			schemaVersion: 1,
			format,
			id,
			architecture,
			createdAt: new Date().toISOString(),
			disk: { path: disk, size: await diskSize(join(finished, disk), all) },
			kernel: { path: 'vmlinuz', package: kernel.package, version: kernel.version },
			initrd: { path: 'initrd' },
			commandLine: COMMAND_LINE,
			base: { id: base.id, suite: base.suite },
			daemon: { id: daemonId },
		};
		await writeJson(join(finished, imageLayout.manifest), manifest);
		await remove(path);
		await rename(finished, path);
		return manifest;
	} finally {
		await remove(unfinished);
	}
}

/** As the machine sees it; the script's last line says so. */
async function diskSize(path: string, output: string): Promise<number> {
	const said = /^size (\d+)$/m.exec(output)?.[1];
	return said === undefined ? (await stat(path)).size : Number(said);
}

function diskError(exitCode: number | undefined, output: string): ContainerBuilderError {
	const line = output.trim().split('\n').at(-1);
	return new ContainerBuilderError(
		'builder-image',
		`the disk cannot be written (${exitCode ?? 'killed'}): ${line}`,
		{
			hint: 'It needs about 4 GB of free space while it is made; the whole output is shown with --debug.',
			details: { output: output.slice(-4000) },
		},
	);
}
