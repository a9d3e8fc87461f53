import type { UserConfiguration } from '../configuration/user-configuration.js';
import type { CommandSpecification, OptionSpecification, OptionValues } from '../options/option-table.js';

/** The values of a command's options: what was given, else what the configuration says of an option that the command has. */
export function withConfigured<O extends readonly OptionSpecification[]>(
	{ options }: CommandSpecification<O>,
	given: OptionValues<O>,
	configuration: UserConfiguration,
): OptionValues<O> {
	const configured = options.flatMap(({ name }) =>
		Object.hasOwn(configuration.options, name) ? [[name, configuration.options[name]]] : [],
	);
	// The configuration's schema reads what an option of that name would.
	return { ...(Object.fromEntries(configured) as OptionValues<O>), ...given };
}
