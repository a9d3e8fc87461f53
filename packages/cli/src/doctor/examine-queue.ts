import { type AbortOptions, ContainerBuilderError } from '@olcf/container-builder-core/spec';
import type { QueueAddress } from '../queue-address.js';
import type { Finding } from './finding.js';

/** Whether the queue answers, and takes builds. */
export async function examineQueue(
	{ endpoint, token, insecure }: QueueAddress,
	{ signal }: AbortOptions,
): Promise<Finding> {
	const name = 'queue';
	const { ContainerBuilder } = await import('../index.js');
	const builder = new ContainerBuilder({ queue: endpoint, token, insecure });
	try {
		const { state, builders, waiting } = await builder.queue.status({ signal });
		const detail = `${endpoint.url} is ${state}: ${builders.length} builders, ${waiting.length} waiting`;
		return state === 'open'
			? { name, status: 'ok', detail }
			: { name, status: 'problem', detail, remedy: 'Wait until it is open again, or name another queue.' };
	} catch (caught) {
		if (signal?.aborted) throw caught;
		const { message, hint } = ContainerBuilderError.from(caught);
		return {
			name,
			status: 'problem',
			detail: message,
			remedy: hint ?? 'Check --queue, the network and the token.',
		};
	} finally {
		await builder.close();
	}
}
