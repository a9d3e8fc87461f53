import { readFile, writeFile } from 'node:fs/promises';
import {
	type Backend,
	type BackendJob,
	type BackendOptions,
	type BackendResult,
	ContainerBuilderError,
	readRecipe,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { nativeArchitecture } from '../emulation/native-architecture.js';
import { runProcess } from '../process/run-process.js';
import { type ApptainerFeatures, apptainerCommand } from './apptainer-arguments.js';
import { prepareBuild } from './build-setting.js';
import { apptainerEnvironment, findApptainer, readFeatures } from './find-apptainer.js';
import { offerInPost } from './post-secrets.js';

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
	let found: ReturnType<typeof findApptainer> | undefined;
	const find = (): NonNullable<typeof found> => {
		found ??= findApptainer(options.program, environment);
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
	const { environment } = options;
	const features = await readFeatures(program, environment);
	const foreign = job.architecture !== nativeArchitecture();
	await refuseImpossible(job, features, foreign);
	const setting = await prepareBuild(job, { user: options.user ?? 'builder', environment });
	const { command, argumentFileText } = apptainerCommand({
		program,
		job,
		features,
		fakeroot: !setting.asRoot,
		argumentFile: setting.scratch('arguments'),
		foreign,
	});
	if (argumentFileText !== undefined) {
		await writeFile(setting.scratch('arguments'), argumentFileText, { mode: 0o600 });
	}
	await setting.handOver();
	const secrets = await offerInPost(program, setting);
	try {
		const [first, ...rest] = [...secrets.prefix, ...command];
		return await runProcess(
			{
				command: [first ?? program, ...rest],
				directory: job.contextDirectory,
				environment: apptainerEnvironment(program, setting.environment),
				user: setting.user,
				ownUsers: setting.user?.ids,
				terminal: job.terminal,
				scratchDirectory: job.scratchDirectory,
				graceMs: options.graceMs ?? 10_000,
			},
			backendOptions,
		);
	} finally {
		await secrets.release();
	}
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
	const { kind } = job;
	const definition = await readFile(job.definitionPath, 'utf8');
	const { nativeOnly } = await readRecipe(definition, { kind, arguments: job.arguments });
	// It ignores the option, ends well, and the image is of the wrong architecture.
	if (!features.architecture || nativeOnly !== undefined) {
		throw new ContainerBuilderError(
			'unsupported',
			`this definition cannot be built for ${job.architecture} on a ${nativeArchitecture()} machine`,
			{ hint: 'Start from an image of that architecture, or use a builder that has it.' },
		);
	}
}
