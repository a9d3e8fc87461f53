import type { MachineLimits } from '@olcf/container-builder-core';
import type { AllowedDestination } from '@olcf/container-builder-core/host';

/** Options that the two providers of this package share. */
export interface SupervisedOptions {
	/**
	 * Where the machines' sockets and records are, mode 0700. Short: a socket's path has at most 107 bytes.
	 * @default `/run/container-builder` for root, else `$XDG_RUNTIME_DIR/container-builder`, else `/tmp/container-builder-UID`
	 */
	readonly stateDirectory?: string | undefined;
	/**
	 * Where unpacked images and the machines' disks are. Of a local file system; root's must be root's own.
	 * @default `$XDG_CACHE_HOME/container-builder`, for root `/var/cache/container-builder`
	 */
	readonly cacheDirectory?: string | undefined;
	/**
	 * Whether machines end with this process, however it ends. Without, they outlive it: the next process finds them
	 * by `list`, and removes them by `sweep`.
	 * @default true
	 */
	readonly tether?: boolean | undefined;
}

/** Where a sandbox writes: see {@link LocalOptions.disk}. */
export type DiskKind = 'image' | 'directory' | 'tmpfs';

/** Options of `local`. */
export interface LocalOptions extends SupervisedOptions {
	/**
	 * Directory of the builder image, with an `image.json` in it. A request's own `image` goes before: a path, or a
	 * name in the cache's `images`.
	 * @default `images/current` in the cache directory
	 */
	readonly image?: string | undefined;
	/**
	 * Where a sandbox writes. `image`: a sparse file in the cache directory, mounted as a file system of its own, of a
	 * limited size; root only. `directory`: a directory there, without a limit. `tmpfs`: memory, of a limited size.
	 * @default `image` for root where the machine can, else `directory`
	 */
	readonly disk?: DiskKind | undefined;
	/**
	 * Limits of a sandbox where the request names none; applied as far as the machine can.
	 * @default half of the memory, 4096 processes, 32 GiB of disk (of a tmpfs: half of the memory), every core
	 */
	readonly limits?: MachineLimits | undefined;
	/**
	 * What `create` does where a request names a limit that this machine cannot enforce: `refuse` rejects with
	 * `provider-misconfigured`, `ignore` goes on without.
	 * @default 'refuse'
	 */
	readonly unenforceableLimits?: 'refuse' | 'ignore' | undefined;
	/** For network `isolated`: destinations that are not denied. @default none */
	readonly allow?: readonly AllowedDestination[] | undefined;
	/**
	 * For network `isolated`: TCP ports of this machine's loopback that the sandbox finds on its own loopback;
	 * needs socat.
	 * @default none
	 */
	readonly forward?: readonly number[] | undefined;
	/**
	 * For root: the id out here of a sandbox's root; the 196607 after it and the one before it are used too, and
	 * should be nobody's.
	 * @default 100000
	 */
	readonly firstId?: number | undefined;
}

/** Options of `host`. */
export interface HostOptions extends SupervisedOptions {
	/** Path of the daemon's file, `cb-builder.mjs`; run by the Node that runs this process. */
	readonly daemon: string;
}
