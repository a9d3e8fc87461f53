import { ContainerBuilderError, type Provider, type QueueSettings } from '@olcf/container-builder-core';
import type { PoolConfiguration, QueueConfiguration } from './configuration/queue-configuration.js';
import { type ProviderFactories, providerEntry } from './provider-factories.js';

/**
 * What a configuration says of a running queue, again and again: pools with the same provider section share one
 * provider, also with those of an earlier configuration.
 */
export class ConfiguredProviders {
	readonly #factories: ProviderFactories;
	readonly #made = new Map<string, Provider>();

	constructor(factories: ProviderFactories) {
		this.#factories = factories;
	}

	/** All that were made. */
	get all(): readonly Provider[] {
		return [...this.#made.values()];
	}

	/** Rejects nothing, asks nothing: throws `invalid-configuration` where a section is wrong. */
	settings(configuration: QueueConfiguration): QueueSettings {
		const { pools, users, fairness, leases } = configuration;
		return {
			pools: pools.map((pool) => ({ ...pool, provider: this.#providerOf(pool, pools) })),
			users,
			fairness,
			deadlineMs: leases.deadlineMs,
			idleMs: leases.idleMs,
		};
	}

	async close(): Promise<void> {
		await Promise.all(this.all.map((provider) => provider.close?.()));
	}

	#providerOf({ name, provider: section }: PoolConfiguration, pools: readonly PoolConfiguration[]): Provider {
		const key = JSON.stringify(Object.entries(section).sort(([a], [b]) => (a < b ? -1 : 1)));
		const known = this.#made.get(key);
		if (known !== undefined) return known;
		const { kind, ...options } = section;
		const made = makeProvider(
			this.#factories,
			kind,
			options,
			pools.length === 1 ? 'pool' : `the pool ${name}`,
		);
		this.#made.set(key, made);
		return made;
	}
}

/** A factory's own complaint about its options is the configuration's mistake. */
function makeProvider(
	factories: ProviderFactories,
	kind: string,
	options: Readonly<Record<string, unknown>>,
	where: string,
): Provider {
	const { create } = providerEntry(factories, kind);
	try {
		return create(options);
	} catch (cause) {
		if (!(cause instanceof TypeError)) throw cause;
		throw new ContainerBuilderError('invalid-configuration', `${where}: provider: ${cause.message}`, {
			cause,
			hint: `See the options of the provider ${kind}.`,
		});
	}
}
