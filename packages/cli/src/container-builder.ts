import {
	type AbortOptions,
	ContainerBuilder as CoreContainerBuilder,
	type Queue,
	RemoteQueue,
	type Transport,
	throwIfAborted,
} from '@olcf/container-builder-core';
import type { ContainerBuilderOptions } from './container-builder-options.js';
import { DeferredQueue } from './deferred-queue.js';
import { mungeCredentials } from './munge-credentials.js';
import { ws } from './ws.js';

const EMBEDDED_ONLY = ['provider', 'reserve', 'max', 'network', 'limits', 'logger'] as const;

/**
 * Builds container images on machines that exist for one build each, with the defaults filled in: WebSockets, and
 * without a queue one in this process that makes sandboxes on this machine.
 *
 * The constructor does no I/O. Throws a `TypeError` for options that exclude each other. Close it at the end: the queue
 * in this process destroys its builders then.
 */
export class ContainerBuilder extends CoreContainerBuilder {
	readonly #ownQueue: Queue | undefined;

	constructor(options: ContainerBuilderOptions = {}) {
		const { cancelGraceMs, reconnectMs, insecure } = options;
		const transports = options.transports ?? [ws({ proxy: 'environment' })];
		const queue = chooseQueue(options, transports);
		super({ queue, transports, cancelGraceMs, reconnectMs, insecure });
		this.#ownQueue = queue === options.queue ? undefined : queue;
	}

	/**
	 * Makes the reserve of the queue in this process ready before anybody asks; the first build does it too. Nothing to
	 * do for a queue somewhere else. Rejects with what time does not mend, such as `provider-misconfigured`.
	 */
	async start(options: AbortOptions = {}): Promise<void> {
		throwIfAborted(options.signal);
		if (this.#ownQueue instanceof DeferredQueue) await this.#ownQueue.start(options);
	}

	/** Cancels the builds that run; closes the queue, unless it was given as one that exists. Idempotent. */
	override async close(): Promise<void> {
		await super.close();
		await this.#ownQueue?.close();
	}

	/** The same as `close`. */
	override [Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}

function chooseQueue(options: ContainerBuilderOptions, transports: readonly Transport[]): Queue {
	const { queue, token, insecure, relay } = options;
	if (queue === undefined) {
		if (token !== undefined) throw new TypeError('a token is for a queue somewhere else');
		return new DeferredQueue(async () => {
			const { embeddedQueue } = await import('./embedded-queue.js');
			return embeddedQueue(options, transports);
		});
	}
	const wrong = EMBEDDED_ONLY.filter((name) => options[name] !== undefined);
	if (wrong.length > 0) throw new TypeError(`${wrong.join(', ')}: for a queue in this process only`);
	if (isQueue(queue)) return queue;
	return new RemoteQueue({
		endpoint: queue,
		transports,
		token: token ?? mungeCredentials(),
		insecure,
		relay,
	});
}

function isQueue(queue: ContainerBuilderOptions['queue']): queue is Queue {
	return typeof queue === 'object' && 'checkout' in queue;
}
