import type { Clock, Queue, Transport } from '../spec/index.js';

/** What builds of one `ContainerBuilder` have in common. */
export interface RunContext {
	readonly queue: Queue;
	readonly transports: readonly Transport[];
	readonly clock: Clock;
	/** Milliseconds that a backend gets to end by itself before it is ended. */
	readonly cancelGraceMs: number;
	/** Milliseconds for which a broken connection to a builder is made anew. */
	readonly reconnectMs: number;
	readonly insecure: boolean;
}
