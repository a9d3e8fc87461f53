import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { RegistryLogins } from '@olcf/container-builder-core/spec';
import type { OptionSpecification } from '../options/option-table.js';
import type { CommandContext } from './run-command.js';

/** The logins of `--authfile`, else of the user's own files; read when a build asks for them. */
export async function readLogins(
	authfile: string | undefined,
	{ invocation, phases }: Pick<CommandContext<readonly OptionSpecification[]>, 'invocation' | 'phases'>,
): Promise<RegistryLogins> {
	const { environment, directory } = invocation;
	const { registryLogins } = await import('../index.js');
	return registryLogins({
		authfile: authfile === undefined ? undefined : resolve(directory, authfile),
		environment,
		home: environment.HOME || homedir(),
		onWarning: (message) => phases.line(`warning: ${message}`),
	});
}
