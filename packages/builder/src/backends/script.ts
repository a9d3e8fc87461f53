import type { Backend, DefinitionKind, Format } from '@olcf/container-builder-core';
import { runProcess } from '../process/run-process.js';
import { buildEnvironment } from './build-environment.js';

/** Options of {@link script}. */
export interface ScriptOptions {
	/** @default 'script' */
	readonly name?: string | undefined;
	/** @default both */
	readonly kinds?: readonly DefinitionKind[] | undefined;
	/** @default both */
	readonly formats?: readonly Format[] | undefined;
	/** Milliseconds between SIGTERM and SIGKILL. @default 10000 */
	readonly graceMs?: number | undefined;
}

/**
 * A backend for tests and measurements: runs a given program, as the daemon's own user, with the context as its
 * working directory. The program finds its job in the environment: `DEFINITION` and `IMAGE` (paths), `FORMAT`,
 * `SCRATCH` (a directory), and each argument as `ARGUMENT_<NAME>`.
 */
export function script(command: readonly [string, ...string[]], options: ScriptOptions = {}): Backend {
	return {
		specificationVersion: 'v1',
		name: options.name ?? 'script',
		kinds: options.kinds ?? ['apptainer', 'dockerfile'],
		formats: options.formats ?? ['sif', 'oci-archive'],
		version: async () => '1',
		execute: async (job, backendOptions) => {
			const environment = buildEnvironment(process.env, { terminal: job.terminal !== undefined });
			for (const [name, value] of Object.entries(job.arguments)) environment[`ARGUMENT_${name}`] = value;
			return await runProcess(
				{
					command,
					directory: job.contextDirectory,
					environment: {
						...environment,
						DEFINITION: job.definitionPath,
						IMAGE: job.imagePath,
						FORMAT: job.format,
						SCRATCH: job.scratchDirectory,
						TMPDIR: job.scratchDirectory,
						HOME: job.scratchDirectory,
					},
					terminal: job.terminal,
					scratchDirectory: job.scratchDirectory,
					graceMs: options.graceMs ?? 10_000,
				},
				backendOptions,
			);
		},
	};
}
