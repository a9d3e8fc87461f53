import type { Architecture, RegistryLogin } from '@olcf/container-builder-core';

/** A base that is to be looked up, and brought where a login for it is known. */
export interface WantedBase {
	readonly transport: 'docker' | 'oras';
	/** With its registry and its tag or digest. */
	readonly reference: string;
	/** Its architecture need not be the image's. */
	readonly otherPlatform?: true | undefined;
}

/** What is to be done before a backend starts. */
export interface FetchRequest {
	readonly bases: readonly WantedBase[];
	readonly architecture: Architecture;
	/** The user's; they go before the site's. */
	readonly logins: readonly RegistryLogin[];
	/** The site's. */
	readonly siteLogins: readonly RegistryLogin[];
	/** Exists, and is empty: where bases go. */
	readonly directory: string;
	/** Exists, in memory: where a login may be written for a moment. Absent: there is no such place. */
	readonly memoryDirectory?: string | undefined;
}

/** What was found out of a base. */
export interface FetchedBase extends WantedBase {
	/** Of the manifest that the registry has under this reference. */
	readonly digest: string;
	/** Where it was brought to: that manifest as `top`, and what skopeo copied as `image`. Absent: only looked up. */
	readonly directory?: string | undefined;
}

/** What came of a {@link FetchRequest}. */
export interface FetchOutcome {
	/** In the order of the request; those of which nothing could be found out are left out. */
	readonly bases: readonly FetchedBase[];
	/** References of bases that nobody sees without a login, and none was there for them. */
	readonly refused: readonly string[];
}

/** A base that was brought. */
export type BroughtBase = FetchedBase & { readonly directory: string };

/** The file in {@link FetchedBase.directory} that has the bytes of the manifest. */
export const TOP_MANIFEST = 'top';
/** The directory there that has the image for the one architecture, in the layout of skopeo's `dir:`. */
export const IMAGE_DIRECTORY = 'image';
