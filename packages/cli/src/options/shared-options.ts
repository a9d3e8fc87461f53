import { EXIT_CODES } from '@olcf/container-builder-core/spec';
import type { OptionSpecification, VariableSpecification } from './option-table.js';

/** `--json`, of every command that has a result. */
export const jsonOption = {
	name: 'json',
	type: 'boolean',
	description: 'print the result as one JSON document on stdout',
} as const satisfies OptionSpecification;

/** For shell scripts, as Slurm's sbatch has it. */
export const parsableOption = {
	name: 'parsable',
	type: 'boolean',
	description:
		"print ID;sha256:DIGEST;SIZE;IMAGE on stdout when the image is there, and nothing else; the build's output goes to " +
		'stderr',
} as const satisfies OptionSpecification;

/** A signed account of where an image comes from. */
export const provenanceOption = {
	name: 'provenance',
	type: 'boolean',
	negatable: true,
	description:
		'have the queue sign what it knows of where the image comes from (SLSA provenance), into IMAGE.intoto.jsonl; cb-verify ' +
		'checks it',
} as const satisfies OptionSpecification;

/** How a build is told of while it goes on. */
export const progressOption = {
	name: 'progress',
	type: 'text',
	choices: ['auto', 'tty', 'plain', 'json', 'quiet'],
	description:
		'how the build is told of: tty has a spinner, plain has lines, quiet has errors only; json prints each event as a ' +
		'line of JSON on stdout (by dist/build-events-1.schema.json of this package), and nothing else there',
	defaultText: 'tty on a terminal, else plain',
} as const satisfies OptionSpecification;

/** Which queue, and how to trust it. */
export const queueOptions = [
	{
		name: 'queue',
		type: 'text',
		section: 'Queue',
		placeholder: 'URL',
		description:
			'the queue: wss://HOST:PORT, ws+unix:///SOCKET, HOST[:PORT] for wss://, or a name of your configuration',
	},
	{
		name: 'queue-fingerprint',
		type: 'text',
		section: 'Queue',
		placeholder: 'SHA256',
		description: "SHA-256 of the queue's certificate; with it this certificate and no other is accepted",
	},
	{
		name: 'queue-ca',
		type: 'text',
		section: 'Queue',
		placeholder: 'FILE',
		description: "certificates, PEM, of the authorities that may have signed the queue's",
		defaultText: 'those that Node knows, and NODE_EXTRA_CA_CERTS',
	},
	{
		name: 'insecure',
		type: 'boolean',
		section: 'Queue',
		description: 'allow an unencrypted ws:// queue on another machine; never with a token',
	},
	{
		name: 'relay',
		type: 'text',
		section: 'Queue',
		placeholder: 'WHEN',
		choices: ['auto', 'always', 'never'],
		description: 'whether builders are reached through the queue',
		defaultText: 'auto: where the queue says that there is no other way',
	},
	{
		name: 'config',
		type: 'text',
		section: 'Queue',
		placeholder: 'FILE',
		description: 'your configuration: named queues, and values for options that are not given',
		defaultText: '~/.config/container-builder/config.yaml',
	},
] as const satisfies readonly OptionSpecification[];

/** What stands in for the options of {@link queueOptions}. */
export const queueVariables: readonly VariableSpecification[] = [
	{ name: 'CONTAINER_BUILDER_QUEUE', description: 'the queue, or its name, where --queue is not given' },
	{
		name: 'CONTAINER_BUILDER_QUEUE_FINGERPRINT',
		description: 'stands for --queue-fingerprint',
	},
	{ name: 'CONTAINER_BUILDER_QUEUE_CA', description: 'stands for --queue-ca' },
	{
		name: 'CONTAINER_BUILDER_TOKEN',
		description: 'the token that is shown to the queue, where it wants one',
	},
	{
		name: 'HTTPS_PROXY, NO_PROXY',
		description: 'the HTTP proxy that leads to queue and builders on other machines, and to which none does',
	},
	{ name: 'CONTAINER_BUILDER_CONFIG', description: 'your configuration, where --config is not given' },
	{
		name: 'QUEUE_HOST, QUEUE_PORT',
		description: 'the queue as the original named it: wss://QUEUE_HOST:QUEUE_PORT, port 8080 by default',
	},
];

/** The exit statuses that every command shares, by kind of failure. */
export const exitCodes = {
	success: [0, 'all went well'],
	definition: [EXIT_CODES.definition, 'the definition did not build; it is not tried again'],
	usage: [EXIT_CODES.usage, 'wrong option, mistake in the definition, or image exists; nothing was sent'],
	unreachable: [EXIT_CODES.unreachable, 'queue or builder cannot be reached, or refuses'],
	infrastructure: [EXIT_CODES.infrastructure, 'machine, daemon or cloud failed'],
	limit: [EXIT_CODES.limit, 'a limit of time, output, size or resources was reached'],
	transfer: [EXIT_CODES.transfer, 'context or image could not be moved or verified'],
	canceled: [EXIT_CODES.canceled, 'by the user'],
} as const satisfies Record<string, readonly [number, string]>;

/** Of commands that are about a build which runs. */
export const buildIdArgument = {
	name: 'ID',
	description: 'the build, as container-builder --detach and cb-status --mine print it',
} as const;

/** Of commands that show output which is there already. */
export const tailOptions = [
	{
		name: 'from',
		type: 'size',
		placeholder: 'OFFSET',
		description: 'begin at this byte of the output',
		defaultText: 'its first',
	},
	{
		name: 'tail',
		type: 'count',
		placeholder: 'N',
		description: 'begin with the last N lines that there are already',
	},
] as const satisfies readonly OptionSpecification[];
