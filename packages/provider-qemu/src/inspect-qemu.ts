import { join } from 'node:path';
import {
	type AbortOptions,
	ContainerBuilderError,
	cachePath,
	throwIfAborted,
	type VmImageManifest,
} from '@olcf/container-builder-core';
import { findProgram } from '@olcf/container-builder-core/host';
import { type Acceleration, chooseAcceleration } from './choose-acceleration.js';
import { loadVmImage, vmImageDirectory } from './load-vm-image.js';
import type { QemuOptions } from './qemu-options.js';
import { qemuProgram } from './qemu-program.js';
import { qemuVersion } from './qemu-version.js';

/** What this machine has for virtual machines: see {@link inspectQemu}. */
export interface QemuReport {
	/** Every program that is needed, and the Debian package that brings it. */
	readonly programs: readonly {
		readonly name: string;
		readonly debianPackage: string;
		readonly ok: boolean;
		/** What does not work without it: no machine at all, or those of a network. */
		readonly neededFor: 'machine' | 'shared' | 'isolated';
	}[];
	/** The one line that installs what is missing; absent where nothing is. */
	readonly install?: string | undefined;
	/** As QEMU says it; absent where there is none. */
	readonly version?: string | undefined;
	readonly image?: VmImageManifest | undefined;
	/** Why there is no image, and what to do. */
	readonly imageProblem?: { readonly message: string; readonly hint: string | undefined } | undefined;
	/** What machines would run by, found out by booting one; absent without QEMU or image. */
	readonly acceleration?: Acceleration | undefined;
}

/** Looks what this machine has and lacks for virtual machines; changes nothing. For `cb-doctor`. */
export async function inspectQemu(
	options: Pick<QemuOptions, 'image' | 'imagesDirectory' | 'program'> & AbortOptions = {},
): Promise<QemuReport> {
	const program = options.program ?? qemuProgram();
	const needed = [
		[program, process.arch === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86', 'machine'],
		['qemu-img', 'qemu-utils', 'machine'],
		['setpriv', 'util-linux', 'machine'],
		['timeout', 'coreutils', 'machine'],
		['passt', 'passt', 'shared'],
		['pasta', 'passt', 'isolated'],
		['nft', 'nftables', 'isolated'],
		['ip', 'iproute2', 'isolated'],
	] as const;
	const programs = await Promise.all(
		needed.map(async ([name, debianPackage, neededFor]) => {
			const ok = (await findProgram(name)) !== undefined;
			return { name, debianPackage, ok, neededFor };
		}),
	);
	throwIfAborted(options.signal);
	const packages = new Set(programs.flatMap(({ ok, debianPackage }) => (ok ? [] : [debianPackage])));
	const install =
		packages.size === 0
			? undefined
			: `apt-get install --yes --no-install-recommends ${[...packages].join(' ')}`;
	const version = programs[0]?.ok ? await qemuVersion(program) : undefined;
	const images = options.imagesDirectory ?? join(cachePath(), 'images');
	try {
		const image = await loadVmImage(vmImageDirectory(images, options.image, undefined));
		const acceleration = version === undefined ? undefined : await chooseAcceleration(program, image);
		throwIfAborted(options.signal);
		return { programs, install, version, image: image.manifest, acceleration };
	} catch (caught) {
		throwIfAborted(options.signal);
		const { message, hint } = ContainerBuilderError.from(caught);
		return { programs, install, version, imageProblem: { message, hint } };
	}
}
