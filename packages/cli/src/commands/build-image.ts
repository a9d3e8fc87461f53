import { addAbortListener } from 'node:events';
import { resolve } from 'node:path';
import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ContainerBuilderOptions } from '../index.js';
import { Interrupted } from '../interrupted.js';
import { BuildLog } from '../log/build-log.js';
import type { containerBuilderCommand } from '../options/container-builder-options.js';
import { endpointHost } from '../output/endpoint-host.js';
import { writeJson } from '../output/write-json.js';
import { type QueueAddress, queueAddress } from '../queue-address.js';
import { startOwnQueue } from '../start-own-queue.js';
import { Departure } from './departure.js';
import { terminalSize } from './follow-terminal.js';
import { readArchitecture } from './read-architecture.js';
import { readBackend } from './read-backend.js';
import { readBuildArguments } from './read-build-arguments.js';
import { readContext } from './read-context.js';
import { readLogins } from './read-logins.js';
import { readProgress } from './read-progress.js';
import { readSecrets } from './read-secrets.js';
import { retryHint } from './retry-hint.js';
import type { CommandContext } from './run-command.js';
import { tellDeparture } from './tell-departure.js';
import { tellFailure } from './tell-failure.js';
import { tellResult } from './tell-result.js';
import { watchBuild } from './watch-build.js';

type Context = CommandContext<typeof containerBuilderCommand.options>;

/** `container-builder IMAGE DEFINITION`. */
export async function buildImage(context: Context): Promise<number> {
	const { values, positionals, invocation, phases, signal } = context;
	const { stdout, stderr, directory } = invocation;
	const { json, detach, keep } = values;
	const [image = '', definition = ''] = positionals;
	const asEvents = readProgress(values);
	const address = chosenQueue(context) ?? (detach ? await ownQueue(context) : undefined);
	const architecture = readArchitecture(values.arch, address === undefined ? 'embedded' : 'remote');
	const backend = readBackend(values.backend);
	const buildArguments = await readBuildArguments(values, invocation);
	const secrets = await readSecrets(values.secret ?? [], invocation);
	const { context: source, ...contextOptions } = await readContext(values, { directory, image });
	const logins = await readLogins(values.authfile, context);
	const wantsTerminal = values.tty ?? stdout.isTTY === true;

	const { ContainerBuilder } = await import('../index.js');
	const builder = new ContainerBuilder(
		address === undefined
			? embeddedOptions({ ...context.configuration.local, ...values })
			: { queue: address.endpoint, token: address.token, insecure: address.insecure },
	);
	const cancel = new AbortController();
	let interrupt: Disposable | undefined;
	let log: BuildLog | undefined;
	try {
		const build = builder.build(
			{
				definition,
				image,
				arguments: buildArguments,
				architecture,
				priority: values.priority,
				backend,
				target: values.target,
				format: values.format,
				secrets,
				logins,
				context: source,
				labels: { image: resolve(directory, image) },
			},
			{
				signal: cancel.signal,
				directory,
				force: values.force,
				debug: values.debug,
				compression: values.compress,
				retryLost: values['retry-lost'],
				...contextOptions,
				terminal: wantsTerminal ? terminalSize(stdout) : undefined,
				limits: { timeMs: values['limit-time'], outputBytes: values['limit-output'] },
			},
		);
		log = new BuildLog(build, invocation.environment);
		const departure = new Departure(build, { keepMs: keep, phases });
		interrupt = addAbortListener(signal, () => {
			// Who loses the terminal loses nothing, where there is somebody to leave the build to.
			if (address !== undefined && isHangUp(signal.reason)) void departure.begin();
			else cancel.abort(signal.reason);
		});
		if (detach) void departure.begin();
		try {
			const queueHost =
				address === undefined ? 'embedded in this command' : endpointHost(address.endpoint.url).host;
			// With --json stdout has the one document and nothing else, with --detach the id.
			const output = detach ? undefined : json ? stderr : stdout;
			const result = await watchBuild(build, context, {
				...{ output, asEvents, queueHost, image, hasTerminal: wantsTerminal },
			});
			tellResult(result, { invocation, phases, json });
			return 0;
		} catch (caught) {
			const keptMs = await departure.keptMs;
			if (keptMs === 0) throw caught;
			phases.stop();
			if (detach && json) writeJson(stdout, { status: 'detached', id: build.id, keptMs });
			else if (detach) stdout.write(`${build.id}\n`);
			tellDeparture(phases, build.id, keptMs);
			return detach ? 0 : 130;
		}
	} catch (caught) {
		phases.stop();
		const error = ContainerBuilderError.from(caught);
		tellFailure(error, { phases, json, log: await log?.close() });
		throw retryHint(error, values);
	} finally {
		interrupt?.[Symbol.dispose]();
		await log?.close();
		await builder.close();
	}
}

/** The user's own one, which outlives this command. */
async function ownQueue({ invocation, phases, signal }: Context): Promise<QueueAddress> {
	phases.start('Starting your own queue');
	const address = await startOwnQueue(invocation.environment, { signal });
	phases.done(endpointHost(address.endpoint.url).host);
	return address;
}

function isHangUp(reason: unknown): boolean {
	return reason instanceof Interrupted && reason.signal === 'SIGHUP';
}

const EMBEDDED_ONLY = [
	'provider',
	'reserve',
	'network',
	'limit-memory',
	'limit-disk',
	'limit-processes',
] as const;

/** Options of the queue in this process. */
function embeddedOptions(values: Context['values']): ContainerBuilderOptions {
	return {
		provider: values.provider,
		reserve: values.reserve,
		network: values.network,
		limits: {
			memoryBytes: values['limit-memory'],
			diskBytes: values['limit-disk'],
			processes: values['limit-processes'],
		},
	};
}

/** The queue elsewhere, or undefined for the embedded one. What is for the other kind only is refused. */
function chosenQueue({ values, invocation, configuration }: Context): QueueAddress | undefined {
	const forEmbedded = EMBEDDED_ONLY.filter((name) => values[name] !== undefined);
	// A named provider means the embedded queue, whatever the environment says.
	const embedded = values.provider !== undefined && values.queue === undefined;
	const address = embedded ? undefined : queueAddress(values, invocation.environment, configuration);
	if (address === undefined && values.priority !== undefined) {
		throw new ContainerBuilderError('invalid-option', '--priority needs a queue, where others wait too', {
			hint: embedded ? 'Leave it out.' : 'Name one by --queue or CONTAINER_BUILDER_QUEUE, or leave it out.',
		});
	}
	if (address === undefined && values.detach && forEmbedded.length > 0) {
		throw new ContainerBuilderError(
			'invalid-option',
			`--${forEmbedded.join(', --')}: not with --detach, which leaves the build to your own queue in the background`,
			{ hint: 'Leave it out, or run a queue with a pool like that: cb-queue --help.' },
		);
	}
	if (values.keep !== undefined && !values.detach)
		throw new ContainerBuilderError('invalid-option', '--keep goes with --detach', {
			hint: 'Add --detach, or leave it out: who waits for the image keeps its builder.',
		});
	if (address !== undefined && forEmbedded.length > 0) {
		throw new ContainerBuilderError(
			'invalid-option',
			`--${forEmbedded.join(', --')}: only for builds without a queue, but there is ${address.endpoint.url}`,
			{ hint: 'Leave it out, or add --provider local and no --queue to build on this machine.' },
		);
	}
	return address;
}
