import type { PoolPolicy } from '../policy/pool-policy.js';
import type {
	Architecture,
	Clock,
	ImageRepository,
	Logger,
	MachineLimits,
	NetworkMode,
	ProvenanceSigner,
	Provider,
	RegistryLogin,
	Store,
	Transport,
} from '../spec/index.js';
import type { UserPolicy } from './line/user-policy.js';
import type { QueueStep } from './records/queue-steps.js';

/** What a pool of builders is like: its machines, and how many of them there are when. All times are in milliseconds. */
export interface PoolOptions extends PoolPolicy {
	/** @default 'default' */
	readonly name?: string | undefined;
	/** Where its machines come from. @default the queue's */
	readonly provider?: Provider | undefined;
	/** @default the provider's first */
	readonly architecture?: Architecture | undefined;
	/**
	 * What its machines build for besides, several times as slowly, by emulation: for checkouts that no pool of that
	 * architecture is there for. The provider must be able to. @default none
	 */
	readonly emulate?: readonly Architecture[] | undefined;
	/** Size of the machines, in the provider's own words. */
	readonly flavor?: string | undefined;
	/** Builder image, in the provider's own words. @default the provider's */
	readonly image?: string | undefined;
	/** @default 'shared' where the provider has it, else its first */
	readonly network?: NetworkMode | undefined;
	readonly limits?: MachineLimits | undefined;
	/** For the provider, on each machine. */
	readonly labels?: Readonly<Record<string, string>> | undefined;
	/** From the machine's making until its daemon must have answered. @default 120000 */
	readonly bootTimeoutMs?: number | undefined;
	/** @default 300000 */
	readonly createTimeoutMs?: number | undefined;
	/** After which a machine ends itself, lease or not. @default 86400000 */
	readonly lifetimeMs?: number | undefined;
}

/** In which order checkouts are served within a class. All times are in milliseconds. */
export interface FairnessOptions {
	/** After which what a user had of the builders counts half. @default 21600000 */
	readonly halfLifeMs?: number | undefined;
	/** A user of whom nothing was served for so long comes next, whatever the class; then it counts anew. @default 3600000 */
	readonly patienceMs?: number | undefined;
}

/** What of a queue can be changed while it runs: see `BuilderQueue.configure`. All times are in milliseconds. */
export interface QueueSettings {
	/** The only pool. @default one with all defaults */
	readonly pool?: PoolOptions | undefined;
	/**
	 * Several pools, in place of `pool`. A checkout that names none goes to the first that has its architecture,
	 * or else to the first that emulates it.
	 */
	readonly pools?: readonly PoolOptions[] | undefined;
	readonly users?: UserPolicy | undefined;
	readonly fairness?: FairnessOptions | undefined;
	/** From the grant until the builder ends whatever it does; of leases to come. @default 14400000 */
	readonly deadlineMs?: number | undefined;
	/** Without a sign of the client until its builder is taken back; of leases to come. @default 60000 */
	readonly idleMs?: number | undefined;
}

/** Options of a `BuilderQueue`. All times are in milliseconds. */
export interface BuilderQueueOptions extends QueueSettings {
	/** Where machines come from; pools may name others. */
	readonly provider: Provider;
	readonly transports: readonly Transport[];
	/**
	 * The queue's name, stamped on all that it makes. What bears it and is not known to this queue is destroyed: no
	 * two queues that run at the same time may share it, unless they share the store. `[a-z0-9-]`, at most 63 characters.
	 */
	readonly owner: string;
	/** For how long a builder that does not answer is dialled again until it counts as lost. @default 60000 */
	readonly redialGraceMs?: number | undefined;
	/** Between two probes of a builder. @default 30000 */
	readonly probeMs?: number | undefined;
	/** Between two comparisons with the provider's own list. @default 60000 */
	readonly reconcileMs?: number | undefined;
	/** How long `close` tries to destroy what is left before it rejects. @default 120000 */
	readonly closeTimeoutMs?: number | undefined;
	/**
	 * What outlives this process: with it, builds go on when the process ends in whatever way, and the next one takes
	 * them over. @default in memory
	 */
	readonly store?: Store | undefined;
	/** @default real time */
	readonly clock?: Clock | undefined;
	/** @default silent */
	readonly logger?: Logger | undefined;
	/**
	 * The site's own registry logins, asked for at each lease. They go to the builder sealed, are used there before
	 * the build's backend starts, and are gone then. Where it rejects, the build goes on without. @default none
	 */
	readonly logins?: (() => Promise<readonly RegistryLogin[]>) | undefined;
	/** What `images()` answers. @default no images */
	readonly catalogue?: (() => Promise<readonly ImageRepository[]>) | undefined;
	/** Signs provenances of images: see `ed25519Signer`. @default none are signed */
	readonly signer?: ProvenanceSigner | undefined;
	/** Whose checkouts those in this process are. @default the user of this process */
	readonly user?: string | undefined;
	/** Allows unencrypted connections to builders on other machines. @default false */
	readonly insecure?: boolean | undefined;
	/** What `status()` tells. */
	readonly version?: string | undefined;
	/** Called at each point after which the process may end and the next one goes on; for tests of that. */
	readonly onStep?: ((step: QueueStep) => void) | undefined;
}
