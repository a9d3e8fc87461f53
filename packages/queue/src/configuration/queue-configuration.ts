import type { Architecture, MachineLimits, NetworkMode } from '@olcf/container-builder-core';

/** A queue's configuration as it was read: times in milliseconds, sizes in bytes, paths absolute. */
export interface QueueConfiguration {
	/** The name that is stamped on all that the queue makes. */
	readonly owner: string;
	/** `wss://HOST:PORT`, `ws://HOST:PORT`, `ws+unix:///PATH`. */
	readonly listen: readonly string[];
	/** Files of the certificate and its key, PEM; for `wss:`. */
	readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
	readonly pool: {
		readonly name: string;
		/** Which provider, and its own options. */
		readonly provider: { readonly kind: string; readonly [option: string]: unknown };
		readonly max: number;
		readonly reserve: number;
		readonly architecture?: Architecture | undefined;
		readonly network: NetworkMode;
		readonly flavor?: string | undefined;
		readonly image?: string | undefined;
		readonly limits?: MachineLimits | undefined;
		readonly labels: Readonly<Record<string, string>>;
		readonly bootTimeoutMs?: number | undefined;
		readonly createTimeoutMs?: number | undefined;
		readonly createConcurrency?: number | undefined;
		readonly lifetimeMs?: number | undefined;
	};
	readonly leases: { readonly deadlineMs?: number | undefined; readonly idleMs?: number | undefined };
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
