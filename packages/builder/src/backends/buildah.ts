import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
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
import { nativeArchitecture } from '../emulation/native-architecture.js';
import type { ProcessRequest } from '../process/run-process.js';
import { apptainerCommand } from './apptainer-arguments.js';
import { type BuildSetting, prepareBuild } from './build-setting.js';
import { giveTo } from './build-user.js';
import { buildahBuild, buildahPush } from './buildah-arguments.js';
import { apptainerEnvironment, findApptainer, programVersion, readFeatures } from './find-apptainer.js';
import { archiveDefinition, packOwnedCommand } from './keep-owners.js';
import { runSteps, type Step } from './run-steps.js';

/** Options of {@link buildah}. */
export interface BuildahOptions {
	/** @default 'buildah' */
	readonly program?: string | undefined;
	/** Makes SIF files of what buildah has built. @default the first of `apptainer`, `singularity` and `singularity-ce` that is there */
	readonly apptainer?: string | undefined;
	/** Ordinary user with subordinate ids that builds run as where the daemon is root of a user namespace. @default 'builder' */
	readonly user?: string | undefined;
	/** What `PATH` and the proxies are taken from. @default process.env */
	readonly environment?: NodeJS.ProcessEnv | undefined;
	/** Milliseconds between SIGTERM and SIGKILL. @default 10000 */
	readonly graceMs?: number | undefined;
}

/** Builds Dockerfiles with buildah; where a SIF file is wanted, apptainer makes it of the result. */
export function buildah(options: BuildahOptions = {}): Backend {
	const environment = options.environment ?? process.env;
	const program = options.program ?? 'buildah';
	let found: Promise<string | undefined> | undefined;
	const version = (): NonNullable<typeof found> => {
		found ??= programVersion(program, environment);
		return found;
	};
	return {
		specificationVersion: 'v1',
		name: 'buildah',
		kinds: ['dockerfile'],
		formats: ['sif', 'oci-archive'],
		version: async (versionOptions) => {
			throwIfAborted(versionOptions?.signal);
			return await version();
		},
		execute: async (job, backendOptions) => {
			if ((await version()) === undefined) {
				throw new ContainerBuilderError('backend-failed', `${program} is not installed here`, {
					retryable: false,
				});
			}
			return await build(program, job, backendOptions, { ...options, environment });
		},
	};
}

async function build(
	program: string,
	job: BackendJob,
	backendOptions: BackendOptions,
	options: BuildahOptions & { readonly environment: NodeJS.ProcessEnv },
): Promise<BackendResult> {
	const sif = job.format === 'sif' ? await sifProgram(options) : undefined;
	const setting = await prepareBuild(job, {
		user: options.user ?? 'builder',
		environment: options.environment,
	});
	const { scratch } = setting;
	const foreign = job.architecture !== nativeArchitecture();
	const { command, argumentFileText, environment } = buildahBuild({
		job,
		secrets: setting.secrets,
		foreign,
		ignoreFile: scratch('ignore'),
		argumentFile: scratch('arguments'),
		environment: setting.environment,
	});
	await writeFile(scratch('ignore'), '');
	if (argumentFileText !== undefined) {
		await writeFile(scratch('arguments'), argumentFileText, { mode: 0o600 });
	}
	// Each has a directory of its own, for the notes of its terminal.
	for (const step of ['build', 'push', 'owners', 'sif']) await mkdir(scratch(`step-${step}`));
	const owned = sif && !setting.asRoot ? scratch('owned.tar') : undefined;
	const archive = sif ? scratch('image.tar') : job.imagePath;
	if (sif) await writeFile(scratch('image.def'), archiveDefinition(archive, owned));
	await setting.handOver();

	const store = scratch('store');
	const tool = await buildahWithStore(program, store, setting);
	if (setting.secrets !== undefined) await keepSecretsInMemory(store, setting.secrets, setting.user);
	const request = (name: string, words: readonly [string, ...string[]]): ProcessRequest => ({
		command: words,
		directory: job.contextDirectory,
		environment: setting.environment,
		user: setting.user,
		ownUsers: setting.user?.ids,
		terminal: job.terminal,
		scratchDirectory: scratch(`step-${name}`),
		graceMs: options.graceMs ?? 10_000,
	});
	const steps: [Step, ...Step[]] = [
		{
			request: {
				...request('build', [...tool, ...command]),
				environment: { ...setting.environment, ...environment },
			},
			failure: 'container-builder: buildah could not build the Dockerfile',
		},
		{
			request: request('push', [...tool, ...buildahPush(archive, { intermediate: sif !== undefined })]),
			failure:
				'container-builder: the Dockerfile was built, but buildah could not write the image as an archive',
		},
	];
	if (owned !== undefined) {
		steps.push({
			request: request('owners', packOwnedCommand(tool, { archive: owned, store })),
			failure: 'container-builder: the Dockerfile was built, but the owners of its files could not be read',
		});
	}
	if (sif !== undefined) {
		const features = await readFeatures(sif, options.environment);
		const { command: sifCommand } = apptainerCommand({
			program: sif,
			job: { ...job, definitionPath: scratch('image.def'), arguments: {} },
			features,
			fakeroot: !setting.asRoot,
			argumentFile: '',
			foreign,
		});
		steps.push({
			request: {
				...request('sif', sifCommand),
				environment: apptainerEnvironment(sif, setting.environment),
			},
			failure:
				'container-builder: the Dockerfile was built, but apptainer could not make a SIF file of the image',
		});
	}
	return await runSteps(steps, backendOptions);
}

async function sifProgram(
	options: BuildahOptions & { readonly environment: NodeJS.ProcessEnv },
): Promise<string> {
	const found = await findApptainer(options.apptainer, options.environment);
	if (found) return found.program;
	throw new ContainerBuilderError(
		'unsupported',
		'this builder has no apptainer that could make a SIF file of what buildah builds',
		{ hint: 'Ask for an OCI archive (--format oci-archive), or use another builder.' },
	);
}

/** For the time of a `RUN`, buildah writes the secrets it mounts beside the container's other files in its store. */
async function keepSecretsInMemory(
	store: string,
	secrets: string,
	user: BuildSetting['user'],
): Promise<void> {
	// Removed with the secrets, whatever becomes of the store.
	const memory = join(dirname(secrets), '.containers');
	await mkdir(memory, { mode: 0o700 });
	await mkdir(store, { mode: 0o700 });
	for (const driver of ['overlay', 'vfs']) await symlink(memory, join(store, `${driver}-containers`));
	if (user !== undefined) await giveTo(user, [memory, store]);
}

/** The program with the options for its store: of layers where the kernel or fuse can, else of copies. */
async function buildahWithStore(
	program: string,
	store: string,
	{ user, asRoot, environment, scratch }: BuildSetting,
): Promise<readonly [string, ...string[]]> {
	// What root mounts is to end with the program.
	const prefix = asRoot ? ['unshare', '--mount', '--propagation', 'private', program] : [program];
	const withStore = (root: string, driver: string): readonly [string, ...string[]] => [
		prefix[0] ?? program,
		...[...prefix.slice(1), '--root', root, '--runroot', scratch('store-run'), '--storage-driver', driver],
	];
	const [file, ...words] = withStore(scratch('probe'), 'overlay');
	const works = await promisify(execFile)(file, [...words, 'images'], {
		cwd: scratch('home'),
		env: environment,
		...(user ? { uid: user.uid, gid: user.gid } : {}),
	}).then(
		() => true,
		() => false,
	);
	return withStore(store, works ? 'overlay' : 'vfs');
}
