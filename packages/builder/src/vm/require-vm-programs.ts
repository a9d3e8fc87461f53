import { access } from 'node:fs/promises';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { findProgram } from '@olcf/container-builder-core/host';
import type { VmImageFormat } from './vm-image.js';

/** What the making of a disk needs, by the Debian package that brings it. */
const PROGRAMS = {
	'apt-get': 'apt',
	'dpkg-deb': 'dpkg',
	tar: 'tar',
	zstd: 'zstd',
	xz: 'xz-utils',
	mke2fs: 'e2fsprogs',
	'mkfs.vfat': 'dosfstools',
	mcopy: 'mtools',
	sfdisk: 'fdisk',
	syslinux: 'syslinux',
} as const;
const BOOT_SECTOR = '/usr/lib/syslinux/mbr/mbr.bin';

/** Throws `provider-misconfigured` where this machine or user cannot make a disk, with what mends it as the hint. */
export async function requireVmPrograms(format: VmImageFormat): Promise<void> {
	if (process.geteuid?.() !== 0) {
		throw new ContainerBuilderError(
			'provider-misconfigured',
			'the disk of a virtual machine is made by root: its files have the owners that they have inside',
			{ hint: 'Make it as root, or on a machine of your own: the file can be copied.' },
		);
	}
	const missing = new Map<string, string>();
	for (const [name, debianPackage] of Object.entries({
		...PROGRAMS,
		...(format === 'qcow2' ? { 'qemu-img': 'qemu-utils' } : {}),
	})) {
		if ((await findProgram(name)) === undefined) missing.set(name, debianPackage);
	}
	const hasBootSector = await access(BOOT_SECTOR).then(
		() => true,
		() => false,
	);
	if (!hasBootSector) missing.set(BOOT_SECTOR, 'syslinux-common');
	if (missing.size === 0) return;
	const install = `apt-get install --yes --no-install-recommends ${[...new Set(missing.values())].join(' ')}`;
	throw new ContainerBuilderError(
		'provider-misconfigured',
		`making the image of a virtual machine needs ${[...missing.keys()].join(', ')}`,
		{ hint: `Run as root: ${install}`, details: { install } },
	);
}
