import { join } from 'node:path';

/** Where the configuration is looked for. */
export interface ConfigurationPath {
	readonly path: string;
	/** Whether it was named: one that is named must be there. */
	readonly isNamed: boolean;
}

/**
 * `--config`, `CONTAINER_BUILDER_CONFIG`, or `container-builder/config.yaml` in `$XDG_CONFIG_HOME` or `~/.config` (XDG
 * Base Directory Specification). Undefined for who has no home.
 */
export function configurationPath(
	option: string | undefined,
	{ CONTAINER_BUILDER_CONFIG, XDG_CONFIG_HOME, HOME }: NodeJS.ProcessEnv,
): ConfigurationPath | undefined {
	const named = option ?? CONTAINER_BUILDER_CONFIG?.trim();
	if (named) return { path: named, isNamed: true };
	const directory = XDG_CONFIG_HOME?.startsWith('/') ? XDG_CONFIG_HOME : HOME && join(HOME, '.config');
	return directory
		? { path: join(directory, 'container-builder', 'config.yaml'), isNamed: false }
		: undefined;
}
