import { afterEach } from 'vitest';
import { type QueueWorld, queueWorld, type WorldOptions } from './queue-world.js';

/** Makes the world of a test, which ends with it. Call it at the top of a file. */
export function useQueueWorld(): (options?: WorldOptions) => QueueWorld {
	let world: QueueWorld | undefined;
	afterEach(async () => {
		await world?.[Symbol.asyncDispose]();
		world = undefined;
	});
	return (options) => {
		world = queueWorld(options);
		return world;
	};
}
