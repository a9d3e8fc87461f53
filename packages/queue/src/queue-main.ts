import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ContainerBuilderError } from '@olcf/container-builder-core';
import { assembleQueue, type TransportFactory } from './assemble-queue.js';
import { loadConfiguration } from './configuration/load-configuration.js';
import type { ProviderFactories } from './provider-factories.js';
import { queueService } from './queue-service.js';

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
	/** Ends the service in order: to be aborted at SIGTERM and SIGINT. */
	readonly signal: AbortSignal;
	/** Where relative paths start. @default process.cwd() */
	readonly directory?: string | undefined;
	readonly version?: string | undefined;
}

const HELP = `Usage: cb-queue [check] --config FILE

Takes builds in order, keeps builders ready, and hands them out.

  check           only looks whether the configuration is in order
  --config FILE   the configuration, YAML (or the environment variable CB_QUEUE_CONFIG)
  --version       print the version and end
  --help          print this and end

SIGTERM or SIGINT: takes nothing new, ends all builds, destroys all builders, ends.
`;

/** The command `cb-queue`: runs the service until it is told to end. Resolves with the exit status, never rejects. */
export async function queueMain(options: QueueMainOptions): Promise<number> {
	const { stdout, stderr } = options.streams;
	try {
		const { values, positionals } = readArguments(options.argv);
		if (values.help) stdout.write(HELP);
		else if (values.version) stdout.write(`${options.version ?? '0.0.0-development'}\n`);
		else await run(options, values.config, positionals);
		return 0;
	} catch (caught) {
		const error = ContainerBuilderError.from(caught);
		if (options.signal.aborted && error.kind === 'canceled') return 0;
		stderr.write(`error: ${error.message.replaceAll('\n', '\n       ')}\n`);
		if (error.hint !== undefined) stderr.write(`hint: ${error.hint}\n`);
		return error.exitCode;
	}
}

async function run(
	options: QueueMainOptions,
	config: string | undefined,
	positionals: readonly string[],
): Promise<void> {
	const { environment, providers, transports, signal, streams, version } = options;
	const [command] = positionals;
	if (positionals.length > 1 || (command !== undefined && command !== 'check')) {
		throw usage(`there is no command ${positionals.join(' ')}`);
	}
	const path = config ?? environment.CB_QUEUE_CONFIG;
	if (path === undefined) throw usage('no configuration is named');
	const configuration = await loadConfiguration(resolve(options.directory ?? process.cwd(), path), {
		signal,
	});
	if (command === 'check') {
		const { queue, provider } = await assembleQueue({ configuration, providers, transports });
		await queue.close();
		await provider.close?.();
		streams.stdout.write(`${path}: in order\n`);
		return;
	}
	const service = await queueService({
		configuration,
		providers,
		transports,
		logStream: streams.stderr,
		version,
	});
	try {
		await untilEnd(service.ready, signal);
	} finally {
		await service.close();
	}
}

/** Resolves at the abort; rejects where the service cannot start. */
function untilEnd(ready: Promise<void>, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		ready.catch((error: unknown) => (signal.aborted ? resolve() : reject(error)));
		if (signal.aborted) resolve();
		signal.addEventListener('abort', () => resolve(), { once: true });
	});
}

function readArguments(argv: readonly string[]) {
	try {
		return parseArgs({
			args: [...argv],
			allowPositionals: true,
			options: {
				config: { type: 'string' },
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
