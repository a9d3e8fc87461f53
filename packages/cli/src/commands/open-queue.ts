import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { ContainerBuilder } from '../index.js';
import type { OptionSpecification } from '../options/option-table.js';
import { endpointHost } from '../output/endpoint-host.js';
import { findOwnQueue } from '../own-queue.js';
import { type QueueAddressOptions, queueAddress } from '../queue-address.js';
import { queueTransport } from '../queue-transport.js';
import { trustQueue } from '../trust-queue.js';
import type { CommandContext } from './run-command.js';

/** A connection to the queue that options and environment name. The caller closes it. */
export interface OpenQueue {
	readonly builder: ContainerBuilder;
	/** For `Connected to queue:`. */
	readonly host: string;
}

/**
 * Rejects with `invalid-option` where no queue is named; with `own` the user's own one of this machine counts as named
 * where it runs. Connects when it is asked something.
 */
export async function openQueue(
	values: QueueAddressOptions,
	{
		invocation,
		configuration,
	}: Pick<CommandContext<readonly OptionSpecification[]>, 'invocation' | 'configuration'>,
	{ own = false }: { readonly own?: boolean } = {},
): Promise<OpenQueue> {
	const { environment } = invocation;
	const address =
		queueAddress(values, environment, configuration) ?? (own ? findOwnQueue(environment) : undefined);
	if (address === undefined) {
		throw new ContainerBuilderError('invalid-option', 'no queue is named: QUEUE_HOST not set!', {
			hint: 'Name it by --queue URL, CONTAINER_BUILDER_QUEUE or QUEUE_HOST.',
		});
	}
	const { ContainerBuilder } = await import('../index.js');
	const { token, insecure, relay } = address;
	const transport = queueTransport(address);
	const endpoint = await trustQueue(address.endpoint, invocation, transport);
	return {
		builder: new ContainerBuilder({ queue: endpoint, token, insecure, relay, transports: [transport] }),
		host: endpointHost(endpoint.url).host,
	};
}
