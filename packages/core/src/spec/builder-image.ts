import type { Architecture } from './architecture.js';

/**
 * `image.json` of a builder image of format `rootfs`: two layers, laid over one another, the daemon's on top.
 * Written by `makeBuilderImage`, read by providers. Paths are relative to the directory of `image.json`.
 */
export interface BuilderImageManifest {
	readonly schemaVersion: 1;
	readonly format: 'rootfs';
	/** 64 hexadecimal digits, from both layers' ids. */
	readonly id: string;
	readonly architecture: Architecture;
	/** ISO 8601. */
	readonly createdAt: string;
	/** A tar archive (zstd) of the Debian tree, with the owners that it has inside (root is 0). */
	readonly base: {
		/** 64 hexadecimal digits: recipe and resolved package versions. */
		readonly id: string;
		readonly path: string;
		/** Bytes of the archive. */
		readonly size: number;
		readonly sha256: string;
		readonly suite: string;
		/** Name to version, of all that is installed. */
		readonly packages: Readonly<Record<string, string>>;
		/** SHA-256 of the package indexes that the versions were resolved from, by suite. */
		readonly indexes: Readonly<Record<string, string>>;
	};
	/** A directory that is laid over the base; holds the daemon. */
	readonly daemon: {
		/** SHA-256 of the daemon's one file. */
		readonly id: string;
		readonly path: string;
	};
	/** Arguments that start the daemon inside, before `--bootstrap FILE`. */
	readonly command: readonly string[];
}
