import { writeFile } from 'node:fs/promises';
import type {
	Backend,
	BackendOptions,
	BackendResult,
	RegistryLogin,
	ResolvedBase,
} from '@olcf/container-builder-core';
import type { BaseProvision } from '../bases/base-provision.js';
import type { BuildDirectory } from './build-directory.js';
import type { Confidential, OpenRequest } from './confidential.js';
import { type SecretFiles, writeSecrets } from './secret-files.js';

/** One backend to run, with all that comes before and after. */
export interface BackendRun {
	readonly request: OpenRequest;
	readonly confidential: Confidential;
	readonly backend: Backend;
	readonly directory: BuildDirectory;
	readonly bases: BaseProvision;
	/** For where file systems in memory are. */
	readonly environment: NodeJS.ProcessEnv;
	/** What of the bases was found out, once, before the backend starts; `refused`: those that need a login. */
	readonly onBases: (resolved: readonly ResolvedBase[], refused: readonly string[]) => void;
	/** Called when all is ready, just before the backend is asked to start. */
	readonly onReady: () => Promise<void>;
	readonly options: Omit<BackendOptions, 'signal'> & { readonly signal: AbortSignal };
}

/**
 * Brings the bases, puts the secrets where the backend finds them, runs it, and takes the secrets away again, however
 * it ends. Rejects where the backend could not be run.
 */
export async function runBackend(run: BackendRun): Promise<BackendResult> {
	const { secrets, logins } = run.confidential.take();
	// First: the program that brings them may take long, and needs no secrets.
	const bases = await provideBases(run, logins);
	let files: SecretFiles | undefined;
	try {
		run.onBases(bases.resolved, bases.refused);
		files = await writeSecrets(secrets, run.environment);
		await writeFile(run.directory.definition, bases.definition, { flag: 'wx', mode: 0o644 });
		await run.onReady();
		return await execute(run, { secrets: files.files, mirrors: bases.mirrors });
	} finally {
		try {
			await files?.remove();
		} finally {
			await bases.close();
		}
	}
}

function provideBases({ request, bases, directory, options }: BackendRun, logins: readonly RegistryLogin[]) {
	const { definition, kind, target, architecture } = request;
	return bases.provide(
		{ definition, kind, arguments: request.arguments, target, architecture, logins },
		{ directory: directory.bases, signal: options.signal },
	);
}

function execute(
	{ request, backend, directory, options }: BackendRun,
	brought: Pick<Parameters<Backend['execute']>[0], 'secrets' | 'mirrors'>,
): Promise<BackendResult> {
	return backend.execute(
		{
			...brought,
			kind: request.kind,
			definitionPath: directory.definition,
			contextDirectory: directory.context,
			imagePath: directory.image,
			scratchDirectory: directory.scratch,
			format: request.format,
			compression: request.compression ?? 'zstd',
			architecture: request.architecture,
			arguments: request.arguments,
			target: request.target,
			terminal: request.terminal,
			debug: request.debug ?? false,
			limits: request.limits ?? {},
		},
		options,
	);
}
