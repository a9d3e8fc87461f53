import { ContainerBuilderError } from '@olcf/container-builder-core/spec';
import { knownEndpoint } from '../known-queues.js';
import type { QueueAddress } from '../queue-address.js';
import { queueTransport } from '../queue-transport.js';
import type { ExamineOptions } from './examine.js';
import type { Finding } from './finding.js';

const NAME = 'queue';

/** Whether the queue answers, and takes builds. */
export async function examineQueue(
	address: QueueAddress,
	options: Pick<ExamineOptions, 'signal' | 'environment'>,
): Promise<Finding> {
	try {
		return await ask(address, options);
	} catch (caught) {
		if (options.signal?.aborted) throw caught;
		const { message, hint } = ContainerBuilderError.from(caught);
		return {
			name: NAME,
			status: 'problem',
			detail: message,
			remedy: hint ?? 'Check --queue, the network and the token.',
		};
	}
}

async function ask(
	address: QueueAddress,
	{ signal, environment }: Pick<ExamineOptions, 'signal' | 'environment'>,
): Promise<Finding> {
	const { endpoint, token, insecure, relay } = address;
	// What somebody has said yes to counts here too; nobody is asked.
	const queue = await knownEndpoint(endpoint, environment);
	const { ContainerBuilder } = await import('../index.js');
	const builder = new ContainerBuilder({
		queue,
		token,
		insecure,
		relay,
		transports: [queueTransport(address)],
	});
	try {
		const { state, builders, waiting } = await builder.queue.status({ signal });
		const detail = `${endpoint.url} is ${state}: ${builders.length} builders, ${waiting.length} waiting`;
		return state === 'open'
			? { name: NAME, status: 'ok', detail }
			: {
					name: NAME,
					status: 'problem',
					detail,
					remedy: 'Wait until it is open again, or name another queue.',
				};
	} finally {
		await builder.close();
	}
}
