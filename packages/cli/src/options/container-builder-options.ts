import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption, queueOptions, queueVariables } from './shared-options.js';

/** `container-builder`. */
export const containerBuilderCommand = defineCommand({
	name: 'container-builder',
	summary:
		'Builds a container image from a definition, as root, on a machine that exists for that build only.',
	details: [
		'The output of the build goes to stdout as it comes, byte for byte; all else that is told goes to stderr. ' +
			'The image appears at its name at once and verified, or not at all.',
		'Without a queue one runs inside this command, with a sandbox of this machine as its builder.',
	],
	positionals: [
		{ name: 'IMAGE', description: 'the SIF file to write' },
		{ name: 'DEFINITION', description: 'an Apptainer definition file or a Dockerfile' },
	],
	options: [
		{ name: 'force', short: 'f', type: 'boolean', description: 'overwrite IMAGE where it exists' },
		{
			name: 'build-arg',
			type: 'list',
			placeholder: 'KEY=VALUE',
			description: "a value for the definition's {{ KEY }} or ARG",
		},
		{
			name: 'transfer-context',
			type: 'boolean',
			description: 'send the whole working directory (less .git) instead of the files that DEFINITION names',
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
			description: 'the program that builds: apptainer (or singularity)',
			defaultText: 'by the kind of the definition',
		},
		{
			name: 'compression',
			type: 'text',
			choices: ['zstd', 'gzip'],
			description: 'compression of a SIF; gzip for readers older than Apptainer 1.0',
			defaultText: 'zstd',
		},
		{
			name: 'limit-time',
			type: 'duration',
			placeholder: 'TIME',
			description: 'end the build after this time: 90s, 30m, 2h',
			defaultText: "the queue's limit",
		},
		{
			name: 'tty',
			type: 'boolean',
			negatable: true,
			description: 'give the build a pseudo-terminal',
			defaultText: 'when stdout is a terminal',
		},
		{ name: 'debug', type: 'boolean', description: 'debug output of the backend, causes of errors' },
		{ ...jsonOption, description: "print the result as JSON on stdout; the build's output goes to stderr" },
		...queueOptions,
		{
			name: 'provider',
			type: 'text',
			choices: ['local', 'host'],
			description:
				'without a queue: local makes a sandbox for each build; host uses the apptainer or singularity of this ' +
				'machine, unconfined',
			defaultText: 'local',
		},
		{
			name: 'reserve',
			type: 'count',
			placeholder: 'N',
			description: 'without a queue: builders to keep ready before they are asked for',
			defaultText: '0',
		},
		{
			name: 'network',
			type: 'text',
			choices: ['shared', 'isolated', 'none'],
			description:
				"without a queue: shared uses this machine's network; isolated reaches the outside world but nothing " +
				'of this machine; none reaches nothing',
			defaultText: 'shared',
		},
		{
			name: 'limit-memory',
			type: 'size',
			placeholder: 'SIZE',
			description: 'without a queue: memory of the builder: 512MiB, 8G',
			defaultText: 'half of the memory',
		},
		{
			name: 'limit-disk',
			type: 'size',
			placeholder: 'SIZE',
			description: 'without a queue: bytes that the builder may write: 200MiB, 50G',
			defaultText: '32 GiB, as root',
		},
		{
			name: 'limit-processes',
			type: 'count',
			placeholder: 'N',
			description: 'without a queue: processes at the same time',
			defaultText: '4096',
		},
	],
	environment: queueVariables,
	examples: [
		{ line: 'container-builder hello.sif hello.def', description: 'build on this machine' },
		{
			line: 'container-builder --force --build-arg MIRROR=http://mirror.example/debian base.sif base.def',
			description: 'fill in {{ MIRROR }}, overwrite base.sif',
		},
		{
			line: 'container-builder --queue wss://queue.example:8080 app.sif app.def',
			description: 'build on a builder of that queue',
		},
	],
	exitCodes: [
		[exitCodes.success[0], 'the image is delivered and verified'],
		exitCodes.definition,
		exitCodes.usage,
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.limit,
		exitCodes.transfer,
		exitCodes.canceled,
	],
});
