import type { AbortOptions } from './abort-options.js';
import type { Architecture } from './architecture.js';
import type { Endpoint } from './transport.js';

/** Which way out a builder has. `isolated`: the outside world but nothing of the host's own networks. */
export type NetworkMode = 'isolated' | 'shared' | 'none';

/** Upper bounds for one machine. What is absent is the provider's own default. */
export interface MachineLimits {
	/** Bytes. */
	readonly memoryBytes?: number | undefined;
	/** Processor cores; may be a fraction. */
	readonly cpus?: number | undefined;
	/** Bytes that the build may write. */
	readonly diskBytes?: number | undefined;
	/** Processes and threads at the same time. */
	readonly processes?: number | undefined;
}

/** What a provider can do; read by core and by the conformance suite. */
export interface ProviderCapabilities {
	readonly architectures: readonly Architecture[];
	/** Whose programs a daemon on such a machine can have run by an emulator. @default none */
	readonly emulates?: readonly Architecture[] | undefined;
	readonly networks: readonly NetworkMode[];
	/** What the daemon gets: real root in a VM, or root in a user namespace. */
	readonly privilege: 'root' | 'user-namespace';
	/** Whether a machine outlives the process that made it. */
	readonly durable: boolean;
	/** Where a daemon on such a machine should listen, as seen from inside it. */
	readonly listen: Endpoint;
	/** Limits that are enforced when asked for. */
	readonly limits: readonly (keyof MachineLimits)[];
	/** `headroom` is there. */
	readonly headroom: boolean;
	/** `resolveImage` is there. */
	readonly resolveImage: boolean;
	/** `console` is there. */
	readonly console: boolean;
}

/** A machine to be made. Plain data. */
export interface MachineRequest {
	/** Unique; the idempotency key: a second create with the same id gives the same machine. `[a-z0-9-]`, at most 63 characters. */
	readonly builderId: string;
	/** The queue's name, stamped on all that is made. Same alphabet. */
	readonly owner: string;
	/** Name of the pool that asks. */
	readonly pool: string;
	readonly architecture: Architecture;
	/** Size of the machine, in the provider's own words. */
	readonly flavor?: string | undefined;
	/** Name or id of the builder image, in the provider's own words; absent: its default. */
	readonly image?: string | undefined;
	/** Opaque, at most 16 KiB: handed to the daemon before it starts, and to nobody else. */
	readonly bootstrap: Uint8Array;
	/** Milliseconds after which the machine ends by itself where the provider can arrange it. */
	readonly lifetimeMs: number;
	readonly limits?: MachineLimits | undefined;
	readonly network: NetworkMode;
	readonly labels: Readonly<Record<string, string>>;
}

/** A machine as the provider knows it. Plain data, so that a queue can be restarted. */
export interface Machine {
	/** The provider's own id. */
	readonly id: string;
	readonly builderId: string;
	readonly owner: string;
	/** `running` says nothing about the daemon: the queue asks it over `control`. */
	readonly state: 'creating' | 'running' | 'failed' | 'deleting' | 'unknown';
	/** Why it failed, in the provider's own words. */
	readonly fault?: string | undefined;
	/** Where its daemon will answer; absent until known. */
	readonly endpoint?: Endpoint | undefined;
	/** From where the endpoint can be reached: this host only, or a network. */
	readonly reach: 'host' | 'network';
	/** Compare with `resolveImage` to see whether a newer image is out. */
	readonly imageId: string;
	readonly labels: Readonly<Record<string, string>>;
}

/** Something that `sweep` removed. */
export interface Removed {
	/** `machine`, `port`, `address`, `volume`, `files`, … */
	readonly kind: string;
	readonly id: string;
}

/** Options of `Provider.create`. */
export interface CreateOptions extends AbortOptions {
	/** Called with what is being done, for people; never needed for correctness. */
	readonly onProgress?: ((message: string) => void) | undefined;
}

/**
 * Where machines come from. Implemented by provider packages, made by a factory that does no I/O.
 * A provider keeps no state that it cannot read back from where the machines are: `list` is the truth. Where the cloud
 * asks to be left alone (429, `Retry-After`), the error's `details.retryAfterMs` says for how many milliseconds: the
 * method is not called before.
 */
export interface Provider {
	readonly specificationVersion: 'v1';
	/** For messages and configuration: `local`, `openstack`. */
	readonly name: string;
	readonly capabilities: ProviderCapabilities;
	/**
	 * Makes one machine and resolves when it exists, running or about to. Rejects with an error whose `outcome` is
	 * `none` (nothing was made) or `unknown` (it may exist: find it by `list`, or `destroy` it by its builder id).
	 * An abort before the machine exists leaves nothing behind.
	 */
	create(request: MachineRequest, options?: CreateOptions): Promise<Machine>;
	/**
	 * Removes all that bears this owner and builder id and resolves when it is gone, also when there was nothing.
	 * `id` is a hint that saves a look-up.
	 */
	destroy(
		target: { readonly owner: string; readonly builderId: string; readonly id?: string | undefined },
		options?: AbortOptions,
	): Promise<void>;
	/** All machines of an owner, whichever process made them, in whatever state. */
	list(filter: { readonly owner: string }, options?: AbortOptions): Promise<readonly Machine[]>;
	/**
	 * Removes what bears the owner but belongs to no builder of `keep` and is older than `olderThanMs`: machines,
	 * and what machines leave behind (ports, addresses, volumes, files).
	 */
	sweep(
		filter: { readonly owner: string; readonly keep: ReadonlySet<string>; readonly olderThanMs: number },
		options?: AbortOptions,
	): Promise<readonly Removed[]>;
	/** How many more machines like this would fit now. */
	headroom?(request: MachineRequest, options?: AbortOptions): Promise<number>;
	/** The id of the image that a create would boot now. */
	resolveImage?(request: MachineRequest, options?: AbortOptions): Promise<string>;
	/** The last output of a machine's console, for diagnosis. */
	console?(id: string, options?: AbortOptions): Promise<string>;
	/** Lets go of connections; machines stay unless the provider ties them to this process. Idempotent. */
	close?(): Promise<void>;
}
