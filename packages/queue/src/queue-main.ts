import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuilderQueueOptions, ContainerBuilderError } from '@olcf/container-builder-core';
import { assembleQueue, signerOf, type TransportFactory } from './assemble-queue.js';
import { tokenCommand } from './authentication/token-command.js';
import { loadConfiguration } from './configuration/load-configuration.js';
import type { QueueConfiguration } from './configuration/queue-configuration.js';
import { durationScalar } from './configuration/scalars.js';
import type { ProviderFactories } from './provider-factories.js';
import { queueService } from './queue-service.js';
import { runUntilSignal, type SignalSource } from './run-until-signal.js';

/** What {@link queueMain} takes from its process. */
export interface QueueMainOptions {
	/** Without node and script. */
	readonly argv: readonly string[];
	/** `CB_QUEUE_CONFIG` names the configuration file where `--config` does not. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly providers: ProviderFactories;
	readonly transports: TransportFactory;
	/** Help goes to stdout; logs and errors to stderr. */
	readonly streams: {
		readonly stdout: { write(text: string): unknown };
		readonly stderr: { write(text: string): unknown };
	};
	/** Where SIGTERM, SIGINT, SIGHUP and SIGUSR2 come from. @default process */
	readonly signals?: SignalSource | undefined;
	/** Called when a signal comes while all is being ended already: whoever sends it does not want to wait. */
	readonly onImpatience?: (() => void) | undefined;
	/** Where relative paths start. @default process.cwd() */
	readonly directory?: string | undefined;
	readonly version?: string | undefined;
	/** As in `BuilderQueueOptions`. */
	readonly onStep?: BuilderQueueOptions['onStep'];
}

const HELP = `Usage: cb-queue [check | key] --config FILE
       cb-queue token add USER [--group NAME]... [--expires TIME] --config FILE
       cb-queue token list | token remove ID --config FILE

Takes builds in order, keeps builders ready, and hands them out.

  check           only looks whether the configuration is in order
  key             prints the public key that its provenances are verified with
  token add       makes a token for a user, and prints it: nobody can read it again
  token list      shows whose tokens there are
  token remove    takes a token back, at once; the id is the part behind cbt_
  --group NAME    a group of the user's; may be given several times
  --expires TIME  after which the token is not taken any more, such as 90d (default: never)
  --config FILE   the configuration, YAML (or the environment variable CB_QUEUE_CONFIG)
  --version       print the version and end
  --help          print this and end

SIGHUP    reads the configuration again; no build is dropped
SIGTERM   takes nothing new, lets builds that run end, destroys all builders, ends; again: ends them
SIGUSR2   ends at once, and leaves builders and builds to the next process
SIGINT    takes nothing new, ends all builds, destroys all builders, ends
`;

/** The command `cb-queue`: runs the service until it is told to end. Resolves with the exit status, never rejects. */
export async function queueMain(options: QueueMainOptions): Promise<number> {
	const { stdout, stderr } = options.streams;
	try {
		const { values, positionals } = readArguments(options.argv);
		if (values.help) stdout.write(HELP);
		else if (values.version) stdout.write(`${options.version ?? '0.0.0-development'}\n`);
		else await run(options, values, positionals);
		return 0;
	} catch (caught) {
		const error = ContainerBuilderError.from(caught);
		stderr.write(`error: ${error.message.replaceAll('\n', '\n       ')}\n`);
		if (error.hint !== undefined) stderr.write(`hint: ${error.hint}\n`);
		return error.exitCode;
	}
}

async function run(
	options: QueueMainOptions,
	values: ReturnType<typeof readArguments>['values'],
	positionals: readonly string[],
): Promise<void> {
	const { environment, streams, onImpatience = () => {}, signals = process } = options;
	const [command] = positionals;
	const isKnown =
		command === 'token' ||
		positionals.length === 0 ||
		(['check', 'key'].includes(command ?? '') && positionals.length === 1);
	if (!isKnown) throw usage(`there is no command ${positionals.join(' ')}`);
	if (command !== 'token' && (values.group !== undefined || values.expires !== undefined)) {
		throw usage('--group and --expires are for cb-queue token add');
	}
	const path = values.config ?? environment.CB_QUEUE_CONFIG;
	if (path === undefined) throw usage('no configuration is named');
	const file = resolve(options.directory ?? process.cwd(), path);
	const configuration = await loadConfiguration(file);
	if (command === 'token') {
		await tokens(configuration, values, positionals.slice(1), streams.stdout);
		return;
	}
	if (command === 'key') {
		const { publicKey } = await signerOf(configuration, environment).key();
		streams.stdout.write(publicKey);
		return;
	}
	if (command === 'check') {
		const { queue, providers, store } = await assembleQueue({ ...options, configuration });
		await queue.handOver();
		await providers.close();
		await store.close?.();
		streams.stdout.write(`${path}: in order\n`);
		return;
	}
	await runUntilSignal({
		signals,
		onImpatience,
		load: () => loadConfiguration(file),
		start: (signal) => queueService({ ...options, configuration, logStream: streams.stderr, signal }),
	});
}

async function tokens(
	{ authentication }: QueueConfiguration,
	{ group, expires }: ReturnType<typeof readArguments>['values'],
	words: readonly string[],
	stdout: { write(text: string): unknown },
): Promise<void> {
	const file = authentication?.tokens?.file;
	if (file === undefined) {
		throw new ContainerBuilderError('invalid-configuration', 'the configuration names no file of tokens', {
			hint: 'Add to it: authentication: { tokens: { file: tokens.json } }',
		});
	}
	const expiry = durationScalar.safeParse(expires);
	if (expires !== undefined && !expiry.success) {
		throw usage(`--expires ${expires} ${expiry.error.issues[0]?.message ?? 'is no length of time'}`);
	}
	await tokenCommand({
		...{ words, file, groups: group ?? [], expiresMs: expiry.data, now: Date.now() },
		write: (text) => void stdout.write(text),
	});
}

function readArguments(argv: readonly string[]) {
	try {
		return parseArgs({
			args: [...argv],
			allowPositionals: true,
			options: {
				config: { type: 'string' },
				group: { type: 'string', multiple: true },
				expires: { type: 'string' },
				help: { type: 'boolean', short: 'h' },
				version: { type: 'boolean' },
			},
		});
	} catch (cause) {
		throw usage(cause instanceof Error ? cause.message : String(cause));
	}
}

function usage(message: string): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, { hint: 'See cb-queue --help.' });
}
