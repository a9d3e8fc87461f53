import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { containerBuilderCommand } from '../options/container-builder-options.js';
import { type QueueAddress, queueAddress } from '../queue-address.js';
import type { CommandContext } from './run-command.js';

type Context = Pick<
	CommandContext<typeof containerBuilderCommand.options>,
	'values' | 'invocation' | 'configuration'
>;

const EMBEDDED_ONLY = [
	'provider',
	'reserve',
	'network',
	'limit-memory',
	'limit-disk',
	'limit-processes',
] as const;

/** The queue elsewhere, or undefined for the embedded one. What is for the other kind only is refused. */
export function chooseQueue({ values, invocation, configuration }: Context): QueueAddress | undefined {
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
	if (values.wait && !values.detach)
		throw new ContainerBuilderError('invalid-option', '--wait goes with --detach', {
			hint: 'Add --detach, or leave it out: without it one waits anyway, and Ctrl-C ends the build.',
		});
	if (values.wait && values.json)
		throw new ContainerBuilderError('invalid-option', '--wait and --json exclude each other', {
			hint: 'Use --parsable, or --detach --json and then cb-attach --json.',
		});
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
