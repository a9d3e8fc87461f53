import { type BackendJob, ContainerBuilderError } from '@olcf/container-builder-core';

/** What the image is called while it is in the store. */
export const IMAGE = 'localhost/image:latest';

/** How a Dockerfile is to be built. */
export interface BuildahBuild {
	readonly job: BackendJob;
	/** A directory in which each secret lies under its id. */
	readonly secrets: string | undefined;
	/** Whether the job's architecture is not the machine's own. */
	readonly foreign: boolean;
	/** An empty file. */
	readonly ignoreFile: string;
	/** Where the file of arguments is, if there is one. */
	readonly argumentFile: string;
	/** The names that the program's environment has already. */
	readonly environment: Readonly<Record<string, string>>;
}

/** The words behind `buildah` with its store, the text of the file of arguments, and what the environment needs besides. */
export function buildahBuild(build: BuildahBuild): {
	readonly command: readonly string[];
	readonly argumentFileText: string | undefined;
	readonly environment: Readonly<Record<string, string>>;
} {
	const { job, secrets } = build;
	const words = [...(job.debug ? ['--log-level', 'debug'] : []), 'build'];
	// The sandbox's nested namespaces allow no other.
	words.push('--isolation', 'chroot');
	// The only one that keeps SHELL and HEALTHCHECK; the archive is of the other in any case.
	words.push('--format', 'docker');
	// Nobody will build on what lies between, and with vfs each would be a copy of everything.
	words.push('--layers=false');
	// The context came without what its ignore file excludes.
	words.push('--ignorefile', build.ignoreFile);
	if (build.foreign) words.push('--platform', `linux/${job.architecture}`);
	if (job.target !== undefined) words.push('--target', job.target);
	const lines: string[] = [];
	const environment: Record<string, string> = {};
	for (const [name, value] of Object.entries(job.arguments)) {
		if (!value.includes('\n')) {
			lines.push(`${name}=${value}`);
			continue;
		}
		if (Object.hasOwn(build.environment, name)) {
			throw new ContainerBuilderError(
				'unsupported',
				`the value of the build argument ${name} has more than one line`,
				{ hint: 'Give the argument another name: one of this name is handed over as a single line only.' },
			);
		}
		// Without a value it is the environment's; on the command line everybody would see it.
		words.push('--build-arg', name);
		environment[name] = value;
	}
	if (lines.length > 0) words.push('--build-arg-file', build.argumentFile);
	for (const { id } of job.secrets) words.push('--secret', `id=${id},src=${secrets}/${id}`);
	words.push('--tag', IMAGE, '--file', job.definitionPath, job.contextDirectory);
	return {
		command: words,
		argumentFileText: lines.length > 0 ? `${lines.join('\n')}\n` : undefined,
		environment,
	};
}

/**
 * The words that write the image as an archive. One that only apptainer reads is not worth compressing well.
 */
export function buildahPush(
	archive: string,
	{ intermediate }: { readonly intermediate: boolean },
): readonly string[] {
	const fast = intermediate ? ['--compression-format', 'zstd', '--compression-level', '1'] : [];
	return ['push', '--quiet', ...fast, IMAGE, `oci-archive:${archive}`];
}
