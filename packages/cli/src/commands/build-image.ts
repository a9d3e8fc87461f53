import { addAbortListener } from 'node:events';
import { type BuildInput, type BuildOptions, ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ContainerBuilder, ContainerBuilderOptions } from '../index.js';
import { Interrupted } from '../interrupted.js';
import { BuildLog } from '../log/build-log.js';
import type { containerBuilderCommand } from '../options/container-builder-options.js';
import { endpointHost } from '../output/endpoint-host.js';
import { writeJson } from '../output/write-json.js';
import type { QueueAddress } from '../queue-address.js';
import { queueTransport } from '../queue-transport.js';
import { startOwnQueue } from '../start-own-queue.js';
import { trustQueue } from '../trust-queue.js';
import { chooseQueue } from './choose-queue.js';
import { Departure } from './departure.js';
import { goOn } from './go-on.js';
import { readBuild } from './read-build.js';
import { readProgress } from './read-progress.js';
import { retryHint } from './retry-hint.js';
import type { CommandContext } from './run-command.js';
import { tellDeparture } from './tell-departure.js';
import { tellFailure } from './tell-failure.js';
import { tellResult } from './tell-result.js';
import { watchBuild } from './watch-build.js';

type Context = CommandContext<typeof containerBuilderCommand.options>;

/** `container-builder IMAGE DEFINITION`. */
export async function buildImage(context: Context): Promise<number> {
	const { values, invocation, phases } = context;
	const { json, detach, parsable, wait } = values;
	readProgress(values);
	const address = chooseQueue(context) ?? (detach ? await ownQueue(context) : undefined);
	const request = await readBuild(context);
	const { ContainerBuilder } = await import('../index.js');
	const builder = new ContainerBuilder(
		address === undefined
			? embeddedOptions({ ...context.configuration.local, ...values })
			: await remoteOptions(address, invocation),
	);
	const host = address === undefined ? 'embedded in this command' : endpointHost(address.endpoint.url).host;
	try {
		const left = await buildOrLeave({ builder, request, host, address }, context);
		if (left === undefined) return 0;
		const { id, keptMs } = left;
		if (detach && json) writeJson(invocation.stdout, { status: 'detached', id, keptMs });
		else if (detach)
			invocation.stdout.write(`${[id, ...(parsable ? [address?.endpoint.url] : [])].join(';')}\n`);
		tellDeparture(phases, id, keptMs);
		if (!detach) return 130;
		if (!wait) return 0;
		return await goOn({ builder, host, id, image: request.path, values }, context);
	} finally {
		await builder.close();
	}
}

interface BuildSetting {
	readonly builder: ContainerBuilder;
	readonly request: { readonly input: BuildInput; readonly options: BuildOptions; readonly path: string };
	/** For `Connected to queue:`. */
	readonly host: string;
	/** Of a queue that one can come back to. */
	readonly address: QueueAddress | undefined;
}

/** Resolves when the image is there, or with the build where it was left to itself. */
async function buildOrLeave(
	{ builder, request, host, address }: BuildSetting,
	context: Context,
): Promise<{ readonly id: string; readonly keptMs: number } | undefined> {
	const { values, invocation, phases, signal } = context;
	const { json, detach, keep, parsable } = values;
	const { input, options, path } = request;
	const cancel = new AbortController();
	const build = builder.build(input, { ...options, signal: cancel.signal });
	const log = new BuildLog(build, invocation.environment);
	const departure = new Departure(build, { keepMs: keep, phases });
	const interrupt = addAbortListener(signal, () => {
		// Who loses the terminal loses nothing, where there is somebody to leave the build to.
		if (address !== undefined && isHangUp(signal.reason)) void departure.begin();
		else cancel.abort(signal.reason);
	});
	if (detach) void departure.begin();
	try {
		// With --json stdout has the one document and nothing else, with --parsable its lines, with --detach the id.
		const output = detach ? undefined : json || parsable ? invocation.stderr : invocation.stdout;
		const result = await watchBuild(build, context, {
			...{ output, log, asEvents: readProgress(values), queueHost: host, image: path },
			hasTerminal: options.terminal !== undefined,
		});
		tellResult(result, { invocation, phases, json, parsable });
		return undefined;
	} catch (caught) {
		const keptMs = await departure.keptMs;
		phases.stop();
		if (keptMs > 0) return { id: build.id, keptMs };
		const error = ContainerBuilderError.from(caught);
		tellFailure(error, { phases, json, log: await log.close() });
		throw retryHint(error, values);
	} finally {
		interrupt[Symbol.dispose]();
		await log.close();
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

async function remoteOptions(
	address: QueueAddress,
	invocation: Context['invocation'],
): Promise<ContainerBuilderOptions> {
	const { token, insecure, relay, endpoint } = address;
	const transport = queueTransport(address);
	const queue = await trustQueue(endpoint, invocation, transport);
	return { queue, token, insecure, relay, transports: [transport] };
}

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
