import type { AbortOptions, Architecture, BuilderImageManifest } from '@olcf/container-builder-core';

/** The forms in which a builder image can be made: `rootfs`, a Debian tree for sandboxes on this machine. */
export type BuilderImageFormat = BuilderImageManifest['format'];

/** A builder image on this machine. */
export interface FoundBuilderImage {
	readonly manifest: BuilderImageManifest;
	/** The directory of `image.json`. */
	readonly path: string;
}

/** What `makeBuilderImage` made or found. */
export interface BuilderImage extends FoundBuilderImage {
	/** Which layers were made by this call; both false where everything was there already. */
	readonly created: { readonly base: boolean; readonly daemon: boolean };
}

/** Options of `makeBuilderImage`. */
export interface MakeBuilderImageOptions extends AbortOptions {
	/** Path of the daemon's one bundled file, `cb-builder.mjs`. */
	readonly daemon: string;
	/** Where builder images are kept. @default `images` in the cache directory */
	readonly directory?: string | undefined;
	/** @default 'rootfs' */
	readonly format?: BuilderImageFormat | undefined;
	/** URL of a Debian mirror. @default the one that this machine's apt uses */
	readonly mirror?: string | undefined;
	/** The Debian release of the base. @default 'trixie' */
	readonly suite?: 'trixie' | undefined;
	/** This machine's is the only one that can be made. @default this machine's */
	readonly architecture?: Architecture | undefined;
	/**
	 * Takes the mirror's package indexes although they are past their date, with a warning through `onProgress`.
	 * Signatures are checked all the same. @default false
	 */
	readonly allowExpiredRelease?: boolean | undefined;
	/**
	 * Path of a Debian package of apptainer to install instead of the one in sid; sid is not asked then. A base that
	 * was made so is also used by later calls without this option, until one asks for `refresh`.
	 */
	readonly apptainerDeb?: string | undefined;
	/** Asks the mirror for newer packages even where a base is there. @default false */
	readonly refresh?: boolean | undefined;
	/** Called with one plain sentence for each step and warning. */
	readonly onProgress?: ((message: string) => void) | undefined;
	/** Called with the output of apt and mmdebstrap as it comes. */
	readonly onOutput?: ((chunk: Uint8Array) => void) | undefined;
}
