import { ContainerBuilderError } from '../../spec/index.js';

/** What is heard of a queue that another process goes on with: a client elsewhere finds that one by itself. */
export function handedOver(): ContainerBuilderError {
	return new ContainerBuilderError('connection-lost', 'the queue goes on in another process');
}
