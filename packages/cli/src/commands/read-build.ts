import { resolve } from 'node:path';
import type { BuildInput, BuildOptions } from '@olcf/container-builder-core/spec';
import type { containerBuilderCommand } from '../options/container-builder-options.js';
import { terminalSize } from './follow-terminal.js';
import { readArchitecture } from './read-architecture.js';
import { readBackend } from './read-backend.js';
import { readBuildArguments } from './read-build-arguments.js';
import { readContext } from './read-context.js';
import { readLogins } from './read-logins.js';
import { readSecrets } from './read-secrets.js';
import type { CommandContext } from './run-command.js';

/** A build as a command line asks for it. */
export interface ReadBuild {
	readonly input: BuildInput;
	readonly options: BuildOptions;
	/** Absolute: where the image goes. */
	readonly path: string;
}

/** What is to be built, and how, with the files that options name. Rejects with `invalid-option` and the like. */
export async function readBuild(
	context: CommandContext<typeof containerBuilderCommand.options>,
): Promise<ReadBuild> {
	const { values, positionals, invocation } = context;
	const { stdout, directory } = invocation;
	const [image = '', definition = ''] = positionals;
	const path = resolve(directory, image);
	const architecture = readArchitecture(values.arch);
	const backend = readBackend(values.backend);
	const buildArguments = await readBuildArguments(values, invocation);
	const secrets = await readSecrets(values.secret ?? [], invocation);
	const { context: source, ...contextOptions } = await readContext(values, { directory, image });
	const logins = await readLogins(values.authfile, context);
	const wantsTerminal = values.tty ?? stdout.isTTY === true;
	return {
		path,
		input: {
			definition,
			image,
			arguments: buildArguments,
			architecture,
			priority: values.priority,
			backend,
			target: values.target,
			format: values.format,
			secrets,
			logins,
			context: source,
			labels: { image: path },
		},
		options: {
			directory,
			force: values.force,
			debug: values.debug,
			compression: values.compress,
			provenance: values.provenance,
			retryLost: values['retry-lost'],
			...contextOptions,
			terminal: wantsTerminal ? terminalSize(stdout) : undefined,
			limits: { timeMs: values['limit-time'], outputBytes: values['limit-output'] },
		},
	};
}
