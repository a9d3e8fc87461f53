import { activePolicy } from '../../policy/active-policy.js';
import type { PoolPolicy } from '../../policy/pool-policy.js';
import {
	type Architecture,
	ContainerBuilderError,
	type MachineLimits,
	type NetworkMode,
	type Provider,
} from '../../spec/index.js';
import type { PoolOptions, QueueSettings } from '../builder-queue-options.js';
import { checkName } from '../check-name.js';

/** A pool with nothing left open. */
export interface PoolSettings {
	readonly name: string;
	readonly provider: Provider;
	readonly architecture: Architecture;
	readonly emulate: readonly Architecture[];
	readonly flavor: string | undefined;
	readonly image: string | undefined;
	readonly network: NetworkMode;
	readonly limits: MachineLimits | undefined;
	readonly labels: Readonly<Record<string, string>>;
	readonly bootTimeoutMs: number;
	readonly createTimeoutMs: number;
	readonly lifetimeMs: number;
	readonly policy: PoolPolicy;
}

/** All pools of a queue, at least one. Fills in the defaults. Throws `invalid-option`. */
export function poolSettings(
	provider: Provider,
	{ pool, pools }: Pick<QueueSettings, 'pool' | 'pools'>,
): readonly PoolSettings[] {
	if (pool !== undefined && pools !== undefined) throw invalid('there is pool, and pools: give one of them');
	if (pools?.length === 0) throw invalid('there must be at least one pool');
	const settings = (pools ?? [pool ?? {}]).map((options) => resolvePool(provider, options));
	for (const [index, { name }] of settings.entries()) {
		if (settings.findIndex((other) => other.name === name) < index) {
			throw invalid(`there are two pools ${name}`, 'Give each a name of its own.');
		}
	}
	return settings;
}

function resolvePool(ofQueue: Provider, options: PoolOptions): PoolSettings {
	const { name = 'default', provider = ofQueue, ...rest } = options;
	const { architectures, networks, emulates = [] } = provider.capabilities;
	const { architecture, emulate = [], flavor, image, network, limits, labels, ...more } = rest;
	const { bootTimeoutMs, createTimeoutMs, lifetimeMs, ...policy } = more;
	checkName(name, 'name of a pool');
	// Throws where it cannot be kept.
	activePolicy(policy, 0);
	const settings: PoolSettings = {
		...{ name, provider, emulate, flavor, image, limits, policy },
		architecture: architecture ?? firstOf(architectures, 'architectures', provider),
		network: network ?? (networks.includes('shared') ? 'shared' : firstOf(networks, 'networks', provider)),
		labels: labels ?? {},
		bootTimeoutMs: bootTimeoutMs ?? 120_000,
		createTimeoutMs: createTimeoutMs ?? 300_000,
		lifetimeMs: lifetimeMs ?? 86_400_000,
	};
	if (!architectures.includes(settings.architecture)) {
		throw invalid(
			`the provider ${provider.name} has no machines of architecture ${settings.architecture}`,
			`It has ${architectures.join(', ')}.`,
		);
	}
	const impossible = emulate.filter((one) => !emulates.includes(one));
	if (impossible.length > 0) {
		throw invalid(
			`the machines of the provider ${provider.name} cannot emulate ${impossible.join(' and ')}`,
			emulates.length === 0 ? 'They emulate nothing.' : `They emulate ${emulates.join(' and ')}.`,
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

function firstOf<T>(values: readonly T[], what: string, provider: Provider): T {
	const [first] = values;
	if (first === undefined) throw invalid(`the provider ${provider.name} names no ${what}`);
	return first;
}

function invalid(message: string, hint?: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint });
}
