import { ContainerBuilderError, type MachineLimits, type Provider } from '@olcf/container-builder-core';

/** Makes a provider by the options that a configuration file gives it, `kind` not among them. Does no I/O. */
export type ProviderFactory = (options: Readonly<Record<string, unknown>>) => Provider;

/** A factory with what else its provider's package offers. */
export interface ProviderEntry {
	readonly create: ProviderFactory;
	/** For providers whose machines are on this host: which limits can be enforced here. */
	readonly inspectHost?: (() => Promise<{ readonly limits: readonly (keyof MachineLimits)[] }>) | undefined;
}

/** The providers that a configuration file may name, by their kinds. */
export type ProviderFactories = Readonly<Record<string, ProviderFactory | ProviderEntry>>;

/** The entry of a kind. Throws `invalid-configuration` where there is none. */
export function providerEntry(providers: ProviderFactories, kind: string): ProviderEntry {
	const entry = Object.hasOwn(providers, kind) ? providers[kind] : undefined;
	if (entry === undefined) {
		throw new ContainerBuilderError('invalid-configuration', `there is no provider of kind ${kind}`, {
			hint: `Allowed: ${Object.keys(providers).join(', ')}.`,
		});
	}
	return typeof entry === 'function' ? { create: entry } : entry;
}
