import {
	type Architecture,
	type Clock,
	ContainerBuilderError,
	type ImageRepository,
	type Logger,
	type MachineLimits,
	type NetworkMode,
	type Provider,
	type RegistryLogin,
	type Store,
	type Transport,
} from '../spec/index.js';

/** What a pool of builders is like. */
export interface PoolOptions {
	/** @default 'default' */
	readonly name?: string | undefined;
	/** @default the provider's first */
	readonly architecture?: Architecture | undefined;
	/** Most builders that exist at a time. @default 4 */
	readonly max?: number | undefined;
	/** Builders to have ready before anybody asks. @default 0 */
	readonly reserve?: number | undefined;
	/** Size of the machines, in the provider's own words. */
	readonly flavor?: string | undefined;
	/** Builder image, in the provider's own words. @default the provider's */
	readonly image?: string | undefined;
	/** @default 'shared' where the provider has it, else its first */
	readonly network?: NetworkMode | undefined;
	readonly limits?: MachineLimits | undefined;
	/** For the provider, on each machine. */
	readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Options of a `BuilderQueue`. All times are in milliseconds. */
export interface BuilderQueueOptions {
	readonly provider: Provider;
	readonly transports: readonly Transport[];
	/**
	 * The queue's name, stamped on all that it makes. What bears it and is not known to this queue is destroyed: no
	 * two queues that run at the same time may share it. `[a-z0-9-]`, at most 63 characters.
	 */
	readonly owner: string;
	readonly pool?: PoolOptions | undefined;
	/** From the machine's making until its daemon must have answered. @default 120000 */
	readonly bootTimeoutMs?: number | undefined;
	/** @default 300000 */
	readonly createTimeoutMs?: number | undefined;
	/** After which a machine ends itself, lease or not. @default 86400000 */
	readonly lifetimeMs?: number | undefined;
	/** From the grant until the builder ends whatever it does. @default 14400000 */
	readonly deadlineMs?: number | undefined;
	/** Without a sign of the client until its builder is taken back. @default 60000 */
	readonly idleMs?: number | undefined;
	/** Machines being made at the same time. @default 2 */
	readonly createConcurrency?: number | undefined;
	/** For how long a builder that does not answer is dialled again until it counts as lost. @default 60000 */
	readonly redialGraceMs?: number | undefined;
	/** Between two probes of a builder. @default 30000 */
	readonly probeMs?: number | undefined;
	/** Between two comparisons with the provider's own list. @default 60000 */
	readonly reconcileMs?: number | undefined;
	/** How long `close` tries to destroy what is left before it rejects. @default 120000 */
	readonly closeTimeoutMs?: number | undefined;
	/** @default in memory */
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
	/** Whose checkouts those in this process are. @default the user of this process */
	readonly user?: string | undefined;
	/** Allows unencrypted connections to builders on other machines. @default false */
	readonly insecure?: boolean | undefined;
	/** What `status()` tells. */
	readonly version?: string | undefined;
}

/** A pool with nothing left open. */
export interface PoolSettings extends PoolOptions {
	readonly name: string;
	readonly architecture: Architecture;
	readonly max: number;
	readonly reserve: number;
	readonly network: NetworkMode;
	readonly labels: Readonly<Record<string, string>>;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Fills in the defaults. Throws `invalid-option`. */
export function resolvePool(provider: Provider, pool: PoolOptions = {}): PoolSettings {
	const { architectures, networks } = provider.capabilities;
	const settings = {
		...pool,
		name: pool.name ?? 'default',
		architecture: pool.architecture ?? firstOf(architectures, 'architectures', provider),
		max: pool.max ?? 4,
		reserve: pool.reserve ?? 0,
		network:
			pool.network ?? (networks.includes('shared') ? 'shared' : firstOf(networks, 'networks', provider)),
		labels: pool.labels ?? {},
	};
	checkName(settings.name, 'name of a pool');
	checkCount(settings.max, 'max', 1);
	checkCount(settings.reserve, 'reserve', 0);
	if (settings.reserve > settings.max) {
		throw invalid(`the reserve of ${settings.reserve} is larger than max, which is ${settings.max}`);
	}
	if (!architectures.includes(settings.architecture)) {
		throw invalid(
			`the provider ${provider.name} has no machines of architecture ${settings.architecture}`,
			`It has ${architectures.join(', ')}.`,
		);
	}
	if (!networks.includes(settings.network)) {
		throw invalid(
			`the provider ${provider.name} has no network ${settings.network}`,
			`It has ${networks.join(', ')}.`,
		);
	}
	return settings;
}

/** Throws `invalid-option` where `value` cannot be a name of ours. */
export function checkName(value: string, what: string): void {
	if (NAME.test(value)) return;
	throw invalid(
		`${JSON.stringify(value)} cannot be the ${what}`,
		'Use lower-case letters, digits and hyphens.',
	);
}

function checkCount(value: number, what: string, least: number): void {
	if (!Number.isSafeInteger(value) || value < least) {
		throw invalid(`${what} must be a whole number from ${least} on, not ${value}`);
	}
}

function firstOf<T>(values: readonly T[], what: string, provider: Provider): T {
	const [first] = values;
	if (first === undefined) throw invalid(`the provider ${provider.name} names no ${what}`);
	return first;
}

function invalid(message: string, hint?: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint });
}
