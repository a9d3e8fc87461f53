import { ContainerBuilderError } from '../spec/index.js';

/** What a queue that is closing or closed answers. */
export function queueClosed(): ContainerBuilderError {
	return new ContainerBuilderError('queue-closed', 'the queue is closing and takes nothing new');
}
