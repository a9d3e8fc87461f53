import type { OptionSpecification } from './option-table.js';
import { progressOption, provenanceOption } from './shared-options.js';

/** Of `container-builder`: how the definition is read. */
export const definitionOptions = [
	{
		name: 'check',
		type: 'boolean',
		description:
			'only tell what is wrong with DEFINITION and its files, as far as that shows without a builder',
	},
	{
		name: 'build-arg',
		type: 'list',
		placeholder: 'KEY[=VALUE]',
		description:
			"a value for the definition's {{ KEY }} or ARG; without VALUE that of the environment variable KEY",
	},
	{
		name: 'build-arg-file',
		type: 'list',
		placeholder: 'FILE',
		description: 'a file with a KEY=VALUE on each line; what --build-arg says goes before it',
	},
	{
		name: 'target',
		type: 'text',
		placeholder: 'STAGE',
		description: 'the stage of a Dockerfile to build',
		defaultText: 'the last',
	},
	{
		name: 'arch',
		type: 'text',
		placeholder: 'ARCHITECTURE',
		description: 'architecture of the image: amd64 (x86_64), arm64 (aarch64) or ppc64le',
		defaultText: "the queue's own",
	},
	{
		name: 'backend',
		type: 'text',
		placeholder: 'NAME',
		description:
			'the program that builds: apptainer (or singularity) for definition files, buildah (or docker) for Dockerfiles',
		defaultText: 'by the kind of DEFINITION',
	},
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: what has to do with no build. */
export const shellOptions = [
	{
		name: 'completion',
		type: 'text',
		choices: ['bash', 'zsh', 'fish'],
		section: 'Shell',
		description: 'only print what completes these commands in that shell',
	},
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: which local files go along. */
export const contextOptions = [
	{
		name: 'context',
		type: 'text',
		placeholder: 'DIR',
		section: 'Local files',
		description: 'where the local files lie that DEFINITION names',
		defaultText: 'of a definition file the working directory, of a Dockerfile the directory that it is in',
	},
	{
		name: 'context-limit',
		type: 'size',
		placeholder: 'SIZE',
		section: 'Local files',
		description: 'refuse to send more than this: 500MiB, 20G',
		defaultText: '10GiB',
	},
	{
		name: 'transfer-context',
		aliases: ['transfer_context'],
		type: 'boolean',
		section: 'Local files',
		description: 'send the whole working directory (less .git) instead of the files that DEFINITION names',
	},
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: what the build may know and must not tell. */
export const secretOptions = [
	{
		name: 'secret',
		type: 'list',
		placeholder: 'id=ID,src=FILE|env=NAME',
		section: 'Secrets and private base images',
		description:
			'a secret: for RUN --mount=type=secret of a Dockerfile, at /run/secrets/ID in the %post of a definition file; ' +
			'never in the image. id=ID alone takes the environment variable ID',
	},
	{
		name: 'authfile',
		type: 'text',
		placeholder: 'FILE',
		section: 'Secrets and private base images',
		description:
			"logins to registries, in the format of Docker's config.json; only those of DEFINITION's base images are used",
		defaultText: 'your own, of podman, docker or apptainer',
	},
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: what becomes of the image. */
export const imageOptions = [
	{
		name: 'force',
		short: 'f',
		type: 'boolean',
		section: 'Image',
		description: 'overwrite IMAGE where it exists',
	},
	{
		name: 'format',
		type: 'text',
		choices: ['sif', 'oci-archive'],
		section: 'Image',
		description: 'what to make; an OCI archive is made of a Dockerfile only',
		defaultText: 'by the extension of IMAGE: oci-archive for .tar, else sif',
	},
	{
		name: 'compress',
		type: 'text',
		choices: ['zstd', 'gzip'],
		section: 'Image',
		description:
			'compression of a SIF: zstd is several times faster; gzip is for readers older than Apptainer 1.0 or SingularityCE 3.8',
		defaultText: 'zstd',
	},
	{ ...provenanceOption, section: 'Image' },
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: how the build goes, and what is shown of it. */
export const courseOptions = [
	{
		name: 'limit-time',
		type: 'duration',
		placeholder: 'TIME',
		section: 'The build and its output',
		description: 'end the build after this time: 90s, 30m, 2h',
		defaultText: "the queue's limit",
	},
	{
		name: 'limit-output',
		type: 'size',
		placeholder: 'SIZE',
		section: 'The build and its output',
		description: 'end the build when it has printed more than this: 512K, 64M, 1G',
		defaultText: "the builder's limit",
	},
	{
		name: 'retry-lost',
		type: 'boolean',
		negatable: true,
		section: 'The build and its output',
		description:
			'begin anew on a fresh builder, twice at most, also where one is lost while it executes DEFINITION: what was ' +
			'printed stays, the output starts over on a new line, and what DEFINITION does elsewhere it does again',
	},
	{ ...progressOption, section: 'The build and its output' },
	{
		name: 'tty',
		type: 'boolean',
		negatable: true,
		section: 'The build and its output',
		description: 'give the build a pseudo-terminal',
		defaultText: 'when stdout is a terminal',
	},
	{
		name: 'debug',
		type: 'boolean',
		section: 'The build and its output',
		description: 'debug output of the backend, causes of errors',
	},
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: what is asked of a queue. */
export const checkoutOptions = [
	{
		name: 'detach',
		short: 'd',
		type: 'boolean',
		section: 'Queue',
		description:
			'print the id of the build and leave as soon as its builder has all that it needs; cb-attach ID brings IMAGE',
	},
	{
		name: 'wait',
		type: 'boolean',
		section: 'Queue',
		description:
			'with --detach: once the id is printed, wait for IMAGE all the same; whatever ends this command (Ctrl-C, a lost ' +
			'terminal, the end of a job) leaves the build to itself',
	},
	{
		name: 'keep',
		type: 'duration',
		placeholder: 'TIME',
		section: 'Queue',
		description:
			'with --detach: for how long the builder is kept from then on, with the build and its image: 90m, 4h',
		defaultText: "until the queue's deadline for builds, which is told",
	},
	{
		name: 'priority',
		type: 'text',
		choices: ['low', 'normal', 'high'],
		section: 'Queue',
		description: 'class of the build in the line; not every user may ask for each',
		defaultText: 'what the queue gives you',
	},
] as const satisfies readonly OptionSpecification[];

/** Of `container-builder`: the queue in this process. */
export const embeddedOptions = [
	{
		name: 'provider',
		type: 'text',
		choices: ['local', 'qemu', 'host'],
		section: 'Without a queue',
		description:
			'local makes a sandbox for each build; qemu a virtual machine, of the image that cb-image make --format raw makes; ' +
			'host uses the apptainer or singularity of this machine, unconfined',
		defaultText: 'local',
	},
	{
		name: 'reserve',
		type: 'count',
		placeholder: 'N',
		section: 'Without a queue',
		description: 'builders to keep ready before they are asked for',
		defaultText: '0',
	},
	{
		name: 'network',
		type: 'text',
		choices: ['shared', 'isolated', 'none'],
		section: 'Without a queue',
		description:
			"shared uses this machine's network; isolated reaches the outside world but nothing of this machine; none " +
			'reaches nothing',
		defaultText: 'shared',
	},
	{
		name: 'limit-memory',
		type: 'size',
		placeholder: 'SIZE',
		section: 'Without a queue',
		description: 'memory of the builder: 512MiB, 8G',
		defaultText: 'half of the memory',
	},
	{
		name: 'limit-disk',
		type: 'size',
		placeholder: 'SIZE',
		section: 'Without a queue',
		description: 'bytes that the builder may write: 200MiB, 50G',
		defaultText: '32 GiB, as root',
	},
	{
		name: 'limit-processes',
		type: 'count',
		placeholder: 'N',
		section: 'Without a queue',
		description: 'processes at the same time',
		defaultText: '4096',
	},
] as const satisfies readonly OptionSpecification[];
