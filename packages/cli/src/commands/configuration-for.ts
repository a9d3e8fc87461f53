import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { loadUserConfiguration } from '../configuration/load-user-configuration.js';
import { NO_CONFIGURATION, type UserConfiguration } from '../configuration/user-configuration.js';
import type { Invocation } from '../invocation.js';
import type { CommandSpecification } from '../options/option-table.js';

/** The user's configuration for a command that takes `--config`; an empty one for any other. */
export async function configurationFor(
	{ options, examinesConfiguration }: CommandSpecification,
	{ config }: { readonly config?: string | undefined },
	{ environment, directory }: Invocation,
): Promise<UserConfiguration> {
	if (!options.some(({ name }) => name === 'config')) return NO_CONFIGURATION;
	try {
		return await loadUserConfiguration({ option: config, environment, directory });
	} catch (caught) {
		if (!examinesConfiguration) throw caught;
		return { ...NO_CONFIGURATION, problem: ContainerBuilderError.from(caught) };
	}
}
