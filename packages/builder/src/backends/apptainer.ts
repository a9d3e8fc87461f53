import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
	type Backend,
	type BackendJob,
	type BackendOptions,
	type BackendResult,
	ContainerBuilderError,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { runProcess } from '../process/run-process.js';
import { inUserNamespace } from '../process/user-namespace.js';
import { nativeArchitecture } from '../server/architectures.js';
import { type ApptainerFeatures, apptainerCommand, apptainerFeatures } from './apptainer-arguments.js';
import { buildEnvironment } from './build-environment.js';
import { findBuildUser, giveTo } from './build-user.js';
import { missingCapabilities } from './missing-capabilities.js';

const run = promisify(execFile);

/** Options of {@link apptainer}. */
export interface ApptainerOptions {
	/** @default the first of `apptainer`, `singularity` and `singularity-ce` that is there */
	readonly program?: string | undefined;
	/** Ordinary user with subordinate ids that builds run as where the daemon is root of a user namespace. @default 'builder' */
	readonly user?: string | undefined;
	/** What `PATH` and the proxies are taken from. @default process.env */
	readonly environment?: NodeJS.ProcessEnv | undefined;
	/** Milliseconds between SIGTERM and SIGKILL. @default 10000 */
	readonly graceMs?: number | undefined;
}

/** Builds SIF files from definition files with Apptainer, or SingularityCE where that is what the machine has. */
export function apptainer(options: ApptainerOptions = {}): Backend {
	const environment = options.environment ?? process.env;
	const programs =
		options.program === undefined ? ['apptainer', 'singularity', 'singularity-ce'] : [options.program];
	let found: Promise<{ program: string; version: string } | undefined> | undefined;
	const find = (): NonNullable<typeof found> => {
		found ??= findProgram(programs, environment);
		return found;
	};
	return {
		specificationVersion: 'v1',
		name: 'apptainer',
		kinds: ['apptainer'],
		formats: ['sif'],
		version: async (versionOptions) => {
			throwIfAborted(versionOptions?.signal);
			return (await find())?.version;
		},
		execute: async (job, backendOptions) => {
			const program = (await find())?.program;
			if (program === undefined) {
				throw new ContainerBuilderError(
					'backend-failed',
					'neither apptainer nor singularity is installed here',
					{
						retryable: false,
					},
				);
			}
			return await build(program, job, backendOptions, { ...options, environment });
		},
	};
}

async function build(
	program: string,
	job: BackendJob,
	backendOptions: BackendOptions,
	options: ApptainerOptions & { readonly environment: NodeJS.ProcessEnv },
): Promise<BackendResult> {
	const root = process.getuid?.() === 0;
	// Never on a machine that is more than a sandbox: there the user of that name is somebody.
	const user = root && (await inUserNamespace()) ? await findBuildUser(options.user ?? 'builder') : undefined;
	const scratch = (name: string): string => join(job.scratchDirectory, name);
	const directories = { home: scratch('home'), temporary: scratch('tmp'), cache: scratch('cache') };
	for (const directory of Object.values(directories)) await mkdir(directory);

	const features = await readFeatures(program, options.environment);
	const foreign = job.architecture !== nativeArchitecture();
	await refuseImpossible(job, features, foreign);
	const { command, argumentFileText } = apptainerCommand({
		program,
		job,
		features,
		fakeroot: !root || user !== undefined,
		argumentFile: scratch('arguments'),
		foreign,
	});
	if (argumentFileText !== undefined)
		await writeFile(scratch('arguments'), argumentFileText, { mode: 0o600 });
	if (user) {
		await giveTo(user, [job.contextDirectory, job.scratchDirectory, dirname(job.imagePath)]);
		await chown(job.definitionPath, user.uid, user.gid);
	}
	const { home, temporary, cache } = directories;
	return await runProcess(
		{
			command,
			directory: job.contextDirectory,
			environment: {
				...buildEnvironment(options.environment, { terminal: job.terminal !== undefined }),
				HOME: home,
				...(user ? { USER: user.name, LOGNAME: user.name } : {}),
				TMPDIR: temporary,
				APPTAINER_TMPDIR: temporary,
				APPTAINER_CACHEDIR: cache,
				...(root && !user ? await droppedCapabilities() : {}),
				...(program.includes('singularity')
					? { SINGULARITY_TMPDIR: temporary, SINGULARITY_CACHEDIR: cache }
					: {}),
			},
			user,
			ownUsers: user?.ids,
			terminal: job.terminal,
			scratchDirectory: job.scratchDirectory,
			graceMs: options.graceMs ?? 10_000,
		},
		backendOptions,
	);
}

/** As root it asks for every capability there is, and gives up where one is missing. */
async function droppedCapabilities(): Promise<Record<string, string>> {
	const missing = await missingCapabilities();
	return missing.length === 0 ? {} : { APPTAINER_DROP_CAPS: missing.join(',') };
}

async function refuseImpossible(
	job: BackendJob,
	features: ApptainerFeatures,
	foreign: boolean,
): Promise<void> {
	if (Object.keys(job.arguments).length > 0 && !features.buildArguments) {
		throw new ContainerBuilderError('unsupported', 'this version of the backend knows no build arguments');
	}
	if (!foreign) return;
	const definition = await readFile(job.definitionPath, 'utf8');
	// It ignores the option, ends well, and the image is of the wrong architecture.
	if (!features.architecture || /^\s*bootstrap:\s*debootstrap\s*$/im.test(definition)) {
		throw new ContainerBuilderError(
			'unsupported',
			`this definition cannot be built for ${job.architecture} on a ${nativeArchitecture()} machine`,
			{ hint: 'Start from an image of that architecture, or use a builder that has it.' },
		);
	}
}

async function findProgram(
	programs: readonly string[],
	environment: NodeJS.ProcessEnv,
): Promise<{ program: string; version: string } | undefined> {
	for (const program of programs) {
		const text = await run(program, ['--version'], { env: environment }).catch(() => undefined);
		if (text === undefined) continue;
		const version = /version\s+(\S+)/.exec(text.stdout)?.[1] ?? text.stdout.trim().slice(0, 256);
		return { program, version };
	}
	return undefined;
}

async function readFeatures(program: string, environment: NodeJS.ProcessEnv): Promise<ApptainerFeatures> {
	const { stdout } = await run(program, ['build', '--help'], { env: environment });
	return apptainerFeatures(stdout);
}
