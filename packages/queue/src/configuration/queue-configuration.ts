import type { FairnessOptions, PoolOptions, RelayUse, UserPolicy } from '@olcf/container-builder-core';
import type { JwtIssuer } from '../authentication/jwt-authenticator.js';

/** A pool as it was read: which provider it has, with that provider's own options. */
export interface PoolConfiguration extends Omit<PoolOptions, 'provider'> {
	readonly name: string;
	readonly provider: { readonly kind: string; readonly [option: string]: unknown };
}

/** A queue's configuration as it was read: times in milliseconds, sizes in bytes, paths absolute. */
export interface QueueConfiguration {
	/** The name that is stamped on all that the queue makes. */
	readonly owner: string;
	/** `wss://HOST:PORT`, `ws://HOST:PORT`, `ws+unix:///PATH`. */
	readonly listen: readonly string[];
	/** Files of the certificate and its key, PEM; for `wss:`. `self-signed`: one that the queue makes for itself, once. */
	readonly tls?: 'self-signed' | { readonly certificate: string; readonly key: string } | undefined;
	/** How it knows who somebody is. @default only by the sockets that nobody else gets to */
	readonly authentication?:
		| {
				/** A file that `cb-queue token` writes. */
				readonly tokens?: { readonly file: string } | undefined;
				/** The site's MUNGE; `socket`: of munged. */
				readonly munge?: { readonly socket?: string | undefined } | undefined;
				/** OpenID Connect issuers. */
				readonly jwt?: readonly JwtIssuer[] | undefined;
		  }
		| undefined;
	/** Whether clients reach builders through the queue. @default where they cannot by themselves */
	readonly relay?: RelayUse | undefined;
	/** What outlives the process. @default a directory of this owner's: see `stateDirectory` */
	readonly store?: 'memory' | { readonly directory: string } | undefined;
	/** At least one. */
	readonly pools: readonly PoolConfiguration[];
	readonly users: UserPolicy;
	readonly fairness: FairnessOptions;
	readonly leases: { readonly deadlineMs?: number | undefined; readonly idleMs?: number | undefined };
	/** Between two comparisons with the provider's own list. */
	readonly reconcileMs?: number | undefined;
	readonly shutdown: {
		/** How long builds that run may go on after SIGTERM. */
		readonly drainMs?: number | undefined;
		/** It ends by itself when nobody has waited or built for so long. @default never */
		readonly whenIdleMs?: number | undefined;
	};
	/** How provenances of images are signed: see `ownSigner`. */
	readonly provenance?:
		| { readonly key?: string | undefined; readonly builderId?: string | undefined }
		| undefined;
	/** Where the base images are that `cb-images` lists. */
	readonly catalogue?:
		| {
				readonly registry: string;
				readonly repositories?: readonly string[] | undefined;
				readonly username?: string | undefined;
				readonly passwordFile?: string | undefined;
				/** A file of certificates to trust, PEM. */
				readonly ca?: string | undefined;
				readonly insecure: boolean;
		  }
		| undefined;
	/** The site's own logins for registries that bases come from: a file in the format of Docker's `config.json`. */
	readonly registries?: { readonly authfile: string } | undefined;
	readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' };
	/** Takes clients over a network without asking who they are, and unencrypted connections. */
	readonly insecure: boolean;
	/** Serves other hosts although the machine cannot enforce all limits of its builders. */
	readonly allowUnenforcedLimits: boolean;
}
