import { chmod, readFile, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ContainerBuilderError, type Logger, type Transport } from '@olcf/container-builder-core';
import { type Bootstrap, decodeBootstrap } from '@olcf/container-builder-core/protocol';
import { apptainer } from './backends/apptainer.js';
import { buildah } from './backends/buildah.js';
import { fetcherMain } from './bases/fetcher-main.js';
import { serveBuilder } from './server/serve-builder.js';
import { VERSION } from './version.js';

const HELP = `Usage: cb-builder --bootstrap FILE [--directory DIR]

The daemon of container-builder on a machine that exists for one build. A provider starts it.

  --bootstrap FILE    where to listen, and the one-time secret; the file is removed once it is read
  --directory DIR     where the build's files go (default: /var/lib/container-builder)
  --socket-mode MODE  permissions of the unix socket, octal; for machines whose root is not the one that dials
  --help              print this
  --version           print the version
`;

/**
 * The one argument with which the daemon starts itself again, to fetch bases. Not for people: such a process takes
 * what it is to do from its standard input.
 */
const FETCH = 'fetch-bases';

/** What {@link daemonMain} is given. */
export interface DaemonMainOptions {
	/** The arguments behind the program's name. */
	readonly argv: readonly string[];
	readonly transport: Transport;
	readonly environment: NodeJS.ProcessEnv;
	/** What starts this program again, before its arguments. @default this process's own program and script */
	readonly program?: readonly [string, ...string[]] | undefined;
	/** Where help and version go. @default process.stdout */
	readonly writeOutput?: ((text: string) => void) | undefined;
	/** Where it is told what the daemon does, a line at a time. @default process.stderr */
	readonly writeLog?: ((text: string) => void) | undefined;
}

/**
 * The daemon as a command: reads its arguments and its bootstrap, serves until it has ended, and resolves with the
 * exit status: 0, or 2 where it could not begin. SIGTERM and SIGINT end it. Never rejects.
 */
export async function daemonMain(options: DaemonMainOptions): Promise<number> {
	const writeOutput = options.writeOutput ?? ((text) => void process.stdout.write(text));
	const writeLog = options.writeLog ?? ((text) => void process.stderr.write(text));
	try {
		if (options.argv.length === 1 && options.argv[0] === FETCH) {
			const { environment } = options;
			return await fetcherMain({ input: process.stdin, output: process.stdout, environment });
		}
		const { values } = parseArgs({
			args: [...options.argv],
			options: {
				bootstrap: { type: 'string' },
				directory: { type: 'string', default: '/var/lib/container-builder' },
				'socket-mode': { type: 'string' },
				help: { type: 'boolean', default: false },
				version: { type: 'boolean', default: false },
			},
		});
		if (values.help || values.version) {
			writeOutput(values.help ? HELP : `${VERSION}\n`);
			return 0;
		}
		if (values.bootstrap === undefined) {
			throw new ContainerBuilderError('invalid-option', '--bootstrap is missing');
		}
		const socketMode = readSocketMode(values['socket-mode']);
		const bootstrap = await takeBootstrap(values.bootstrap);
		await serve(
			{ bootstrap, socketMode, directory: values.directory, logger: lineLogger(writeLog) },
			options,
		);
		return 0;
	} catch (error) {
		writeLog(`cb-builder: ${error instanceof Error ? error.message : String(error)}\n`);
		return 2;
	}
}

interface Serving {
	readonly bootstrap: Bootstrap;
	readonly directory: string;
	readonly socketMode: number | undefined;
	readonly logger: Logger;
}

async function serve(
	{ bootstrap, directory, socketMode, logger }: Serving,
	{ transport, environment, program }: DaemonMainOptions,
): Promise<void> {
	const stop = new AbortController();
	const onSignal = (): void => stop.abort('the daemon was told to end');
	process.on('SIGTERM', onSignal);
	process.on('SIGINT', onSignal);
	try {
		const server = await serveBuilder({
			transport,
			backends: [apptainer({ environment }), buildah({ environment })],
			bootstrap,
			directory,
			logger,
			environment,
			fetchCommand: [...(program ?? ownProgram()), FETCH],
			signal: stop.signal,
		});
		const { protocol, pathname } = new URL(server.endpoints[0]?.url ?? bootstrap.listen.url);
		if (socketMode !== undefined && protocol === 'ws+unix:')
			await chmod(decodeURIComponent(pathname), socketMode);
		await server.ended;
	} finally {
		process.off('SIGTERM', onSignal);
		process.off('SIGINT', onSignal);
	}
}

function ownProgram(): readonly [string, ...string[]] {
	const [, script] = process.argv;
	return [process.execPath, ...process.execArgv, ...(script === undefined ? [] : [script])];
}

function readSocketMode(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
	throw new ContainerBuilderError('invalid-option', `--socket-mode ${text} is not an octal mode`);
}

/** The secret in it must not stay where the build could read it. */
async function takeBootstrap(path: string): Promise<Bootstrap> {
	const bytes = await readFile(path);
	await rm(path);
	return decodeBootstrap(bytes);
}

function lineLogger(write: (text: string) => void): Logger {
	const line =
		(level: string) =>
		(fields: object, message: string): void =>
			write(`cb-builder: ${level}: ${message} ${JSON.stringify(fields)}\n`);
	return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') };
}
