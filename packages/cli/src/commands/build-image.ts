import { type BuildResult, ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ContainerBuilderOptions } from '../index.js';
import type { containerBuilderCommand } from '../options/container-builder-options.js';
import { buildReporter } from '../output/build-reporter.js';
import { describeLastOutput } from '../output/describe-error.js';
import { endpointHost } from '../output/endpoint-host.js';
import { formatDuration } from '../output/format-duration.js';
import { formatSize } from '../output/format-size.js';
import { writeJson } from '../output/write-json.js';
import { type QueueAddress, queueAddress } from '../queue-address.js';
import { followTerminal, terminalSize } from './follow-terminal.js';
import { readArchitecture } from './read-architecture.js';
import { readBackend } from './read-backend.js';
import { readBuildArguments } from './read-build-arguments.js';
import { readContext } from './read-context.js';
import { readLogins } from './read-logins.js';
import { readSecrets } from './read-secrets.js';
import { retryHint } from './retry-hint.js';
import type { CommandContext } from './run-command.js';

type Context = CommandContext<typeof containerBuilderCommand.options>;

/** `container-builder IMAGE DEFINITION`. */
export async function buildImage(context: Context): Promise<number> {
	const { values, positionals, invocation, phases, signal } = context;
	const { stdout, stderr, directory } = invocation;
	const [image = '', definition = ''] = positionals;
	const address = chosenQueue(context);
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
			? embeddedOptions(values)
			: { queue: address.endpoint, token: address.token, insecure: address.insecure },
	);
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
			},
			{
				signal,
				directory,
				force: values.force,
				debug: values.debug,
				compression: values.compress,
				retryLost: values['retry-lost'],
				...contextOptions,
				terminal: wantsTerminal ? terminalSize(stdout) : undefined,
				limits: values['limit-time'] === undefined ? undefined : { timeMs: values['limit-time'] },
			},
		);
		const stopFollowing = wantsTerminal ? followTerminal(stdout, build) : () => {};
		const report = buildReporter({
			phases,
			// With --json stdout has the one document and nothing else.
			output: values.json ? stderr : stdout,
			queueHost: address === undefined ? 'embedded in this command' : endpointHost(address.endpoint.url).host,
			image,
		});
		try {
			for await (const event of build) await report(event);
			const result = await build;
			tellResult(result, context);
			return 0;
		} finally {
			stopFollowing();
		}
	} catch (caught) {
		phases.stop();
		const error = ContainerBuilderError.from(caught);
		repeatLastLines(error, context);
		throw retryHint(error, values);
	} finally {
		await builder.close();
	}
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
function chosenQueue({ values, invocation }: Context): QueueAddress | undefined {
	const forEmbedded = EMBEDDED_ONLY.filter((name) => values[name] !== undefined);
	// A named provider means the embedded queue, whatever the environment says.
	const embedded = values.provider !== undefined && values.queue === undefined;
	const address = embedded ? undefined : queueAddress(values, invocation.environment);
	if (address === undefined && values.priority !== undefined) {
		throw new ContainerBuilderError('invalid-option', '--priority needs a queue, where others wait too', {
			hint: embedded ? 'Leave it out.' : 'Name one by --queue or CONTAINER_BUILDER_QUEUE, or leave it out.',
		});
	}
	if (address !== undefined && forEmbedded.length > 0) {
		throw new ContainerBuilderError(
			'invalid-option',
			`--${forEmbedded.join(', --')}: only for builds without a queue, but there is ${address.endpoint.url}`,
			{ hint: 'Leave it out, or add --provider local and no --queue to build on this machine.' },
		);
	}
	return address;
}

function tellResult(result: BuildResult, { values, invocation, phases }: Context): void {
	const { path, size, sha256 } = result.image;
	if (values.json) writeJson(invocation.stdout, { status: 'succeeded', ...result });
	phases.line(
		`Built ${path ?? 'the image'}: ${formatSize(size)}, sha256:${sha256}, ${formatDuration(result.durationMs)}`,
	);
}

/** The last lines again, so that they stand beside the reason. */
function repeatLastLines(error: ContainerBuilderError, { values, phases }: Context): void {
	if (error.code === 'canceled' || values.json) return;
	for (const line of describeLastOutput(error.build?.lastOutput ?? [])) phases.line(line);
}
