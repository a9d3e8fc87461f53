import type { Architecture } from './architecture.js';

/**
 * `image.json` of a builder image for virtual machines: one whole disk (MBR; a FAT with syslinux, kernel and initrd; the
 * tree in an ext4), and kernel and initrd beside it, for who boots them directly. Written by `makeVmImage`, read by
 * providers. Paths are relative to the directory of `image.json`.
 */
export interface VmImageManifest {
	readonly schemaVersion: 1;
	readonly format: 'raw' | 'qcow2';
	/** 64 hexadecimal digits, from all that it was made of. */
	readonly id: string;
	readonly architecture: Architecture;
	/** ISO 8601. */
	readonly createdAt: string;
	readonly disk: {
		readonly path: string;
		/** Bytes of the disk as a machine sees it; the file has fewer. */
		readonly size: number;
	};
	readonly kernel: {
		readonly path: string;
		/** Name and version of the Debian package. */
		readonly package: string;
		readonly version: string;
	};
	readonly initrd: { readonly path: string };
	/** The kernel's command line, less what is the hypervisor's business. */
	readonly commandLine: string;
	/** What the tree was made from: ids of a base and of a daemon, as in `BuilderImageManifest`. */
	readonly base: { readonly id: string; readonly suite: string };
	readonly daemon: { readonly id: string };
}
