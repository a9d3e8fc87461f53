import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { configurationPath } from './configuration-path.js';
import { NO_CONFIGURATION, type UserConfiguration } from './user-configuration.js';

/** Where to look, and from where relative paths start. */
export interface LoadUserConfigurationOptions {
	/** `--config`. */
	readonly option: string | undefined;
	readonly environment: NodeJS.ProcessEnv;
	readonly directory: string;
}

/** The user's configuration; an empty one where there is no file. Rejects with `invalid-configuration`. */
export async function loadUserConfiguration({
	option,
	environment,
	directory,
}: LoadUserConfigurationOptions): Promise<UserConfiguration> {
	const found = configurationPath(option, environment);
	if (found === undefined) return NO_CONFIGURATION;
	const path = resolve(directory, found.path);
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException;
		if (!found.isNamed && (code === 'ENOENT' || code === 'ENOTDIR')) return NO_CONFIGURATION;
		throw new ContainerBuilderError('invalid-configuration', `${path} cannot be read: ${message}`, { cause });
	}
	// Most have none, and what reads it is not small.
	const { parseYaml } = await import('@olcf/container-builder-queue/configuration');
	const { configurationSchema } = await import('./configuration-schema.js');
	const { queue, queues, options, local } = parseYaml(text, path, configurationSchema);
	const at = (name: string): string => resolve(dirname(path), withHome(name, environment));
	return {
		path,
		queue,
		queues: Object.fromEntries(
			Object.entries(queues).map(([name, { 'token-file': tokenFile, ca, ...rest }]) => [
				name,
				{ ...rest, tokenFile: tokenFile && at(tokenFile), caFile: ca && at(ca) },
			]),
		),
		options: { ...options, ...(options.authfile && { authfile: at(options.authfile) }) },
		local,
	};
}

function withHome(path: string, { HOME = homedir() }: NodeJS.ProcessEnv): string {
	return path === '~' || path.startsWith('~/') ? HOME + path.slice(1) : path;
}
