import type { AllowedDestination } from '@olcf/container-builder-core/host';

/** What a machine has. */
export interface QemuFlavor {
	/** @default 2 */
	readonly cpus?: number | undefined;
	/** Bytes. @default 2 GiB */
	readonly memoryBytes?: number | undefined;
	/** Bytes; what the system itself takes is in it. @default that of the image, 8 GiB; it cannot be less */
	readonly diskBytes?: number | undefined;
}

/** Options of `qemu`. */
export interface QemuOptions {
	/** Directory of an image of format `raw` or `qcow2`, as `cb-image make` prints it. @default the current raw one */
	readonly image?: string | undefined;
	/** Sizes by name, for `flavor` in a queue's pools; `default` is for requests that name none. */
	readonly flavors?: Readonly<Record<string, QemuFlavor>> | undefined;
	/**
	 * What runs the guest's code: `kvm`, the processor; `tcg`, an emulator, ten to thirty times slower; `auto`, kvm
	 * where a machine boots by it, which is tried once, and else tcg.
	 * @default 'auto'
	 */
	readonly acceleration?: 'auto' | 'kvm' | 'tcg' | undefined;
	/** Where the machines' records, disks and sockets are, mode 0700. @default `qemu` in the cache directory */
	readonly stateDirectory?: string | undefined;
	/** Where images are. @default `images` in the cache directory */
	readonly imagesDirectory?: string | undefined;
	/** For network `isolated`: destinations that are not denied. @default none */
	readonly allow?: readonly AllowedDestination[] | undefined;
	/**
	 * Whether one machine is booted once for all others, which go on from a snapshot of it: they are there in about a
	 * second, and what a boot does is done. What tells machines apart each gets anew.
	 * @default true
	 */
	readonly snapshots?: boolean | undefined;
	/** Where snapshots are, about 120 MB each. @default `qemu-snapshots` in the cache directory */
	readonly snapshotDirectory?: string | undefined;
	/**
	 * Whether machines end with this process, however it ends. Without, they outlive it: the next process finds them
	 * by `list`, and removes them by `sweep`.
	 * @default true
	 */
	readonly tether?: boolean | undefined;
	/** @default `qemu-system-x86_64`, or `qemu-system-aarch64` */
	readonly program?: string | undefined;
}
