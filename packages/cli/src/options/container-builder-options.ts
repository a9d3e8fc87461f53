import {
	checkoutOptions,
	contextOptions,
	courseOptions,
	definitionOptions,
	embeddedOptions,
	imageOptions,
	secretOptions,
	shellOptions,
} from './build-options.js';
import { defineCommand } from './option-table.js';
import { exitCodes, jsonOption, parsableOption, queueOptions, queueVariables } from './shared-options.js';

/** `container-builder`. */
export const containerBuilderCommand = defineCommand({
	name: 'container-builder',
	summary:
		'Builds a container image from a definition, as root, on a machine that exists for that build only.',
	details: [
		'The output of the build goes to stdout as it comes, byte for byte; all else that is told goes to stderr. ' +
			'The image appears at its name at once and verified, or not at all.',
		'The local files that DEFINITION refers to go along by themselves: of a definition file those that it names, of a ' +
			'Dockerfile its directory less what .dockerignore excludes.',
		'Without a queue one runs inside this command, with a sandbox of this machine as its builder. With --detach it is ' +
			'your own one in the background, which cb-attach, cb-logs, cb-cancel and cb-status find by themselves; it ends ' +
			'when it has been idle for ten minutes.',
		'The whole output of your last ten builds is kept in ~/.local/state/container-builder/logs (in $XDG_STATE_HOME where it ' +
			'is set), readable by you alone.',
	],
	positionals: [
		{ name: 'IMAGE', description: 'the image to write: a SIF file, or an OCI archive (.tar)' },
		{ name: 'DEFINITION', description: 'an Apptainer definition file or a Dockerfile' },
	],
	variants: [
		{ option: 'check', positionals: ['DEFINITION'] },
		{ option: 'completion', positionals: [] },
	],
	options: [
		...definitionOptions,
		...contextOptions,
		...secretOptions,
		...imageOptions,
		...courseOptions,
		{
			...jsonOption,
			section: 'The build and its output',
			description: "print the result as JSON on stdout; the build's output goes to stderr",
		},
		{
			...parsableOption,
			section: 'The build and its output',
			description:
				'print ID;sha256:DIGEST;SIZE;IMAGE on stdout when the image is there, and nothing else (with --detach ID;QUEUE); the ' +
				"build's output goes to stderr",
		},
		...queueOptions,
		...checkoutOptions,
		...embeddedOptions,
		...shellOptions,
	],
	environment: [
		...queueVariables,
		{
			name: 'REGISTRY_AUTH_FILE, DOCKER_CONFIG',
			description: 'where your logins to registries lie, where --authfile is not given',
		},
	],
	examples: [
		{ line: 'container-builder hello.sif hello.def', description: 'build on this machine' },
		{ line: 'container-builder app.sif Dockerfile', description: 'make a SIF from a Dockerfile' },
		{ line: 'container-builder --check app.def', description: 'look for mistakes first' },
		{
			line: 'container-builder --force --build-arg MIRROR=http://mirror.example/debian base.sif base.def',
			description: 'fill in {{ MIRROR }}, overwrite base.sif',
		},
		{
			line: 'container-builder --secret id=token,src=token.txt app.sif app.def',
			description: 'let %post read /run/secrets/token',
		},
		{
			line: 'container-builder --queue wss://queue.example:8080 app.sif app.def',
			description: 'build on a builder of that queue',
		},
		{
			line: 'container-builder --queue wss://queue.example:8080 --provenance app.sif app.def',
			description: 'also have the queue sign where app.sif comes from, for cb-verify',
		},
		{
			line: 'container-builder --queue wss://queue.example:8080 --priority low --retry-lost big.sif big.def',
			description: 'a long one that may wait, and may be begun anew',
		},
	],
	exitCodes: [
		[exitCodes.success[0], 'the image is delivered and verified; --check: there is no error'],
		exitCodes.definition,
		exitCodes.usage,
		exitCodes.unreachable,
		exitCodes.infrastructure,
		exitCodes.limit,
		exitCodes.transfer,
		exitCodes.canceled,
	],
});
