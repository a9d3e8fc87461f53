import {
	type BuilderQueue,
	type Channel,
	ContainerBuilderError,
	type IncomingChannel,
	type LinkedSignal,
	type Logger,
	linkSignal,
	type QueueEventMap,
	type Transport,
} from '@olcf/container-builder-core';
import { parseRelayToken } from '@olcf/container-builder-core/protocol';

/** Connections to one builder at a time: a client has one for each channel, and may come back before an old one has ended. */
const MAX_CARRIED = 64;

/** What {@link Relays} are made of. */
export interface RelaysOptions {
	readonly queue: BuilderQueue;
	readonly transport: Transport;
	readonly logger: Logger;
	/** Ends all of them. */
	readonly signal: AbortSignal;
}

/**
 * Carries connections of clients to the builders of their leases, unread. Asked for with a lease and one of its tokens, never
 * with an address; over when the lease is.
 */
export class Relays {
	readonly #options: RelaysOptions;
	/** By builder. */
	readonly #carried = new Map<string, Set<LinkedSignal>>();

	constructor(options: RelaysOptions) {
		this.#options = options;
		options.queue.on('lease-end', this.#onLeaseEnd);
	}

	/** Rejects with `unauthenticated` and `not-found` before it has accepted; then it resolves when the connection has ended. */
	async carry(incoming: IncomingChannel, onAccept: (channel: Channel) => void): Promise<void> {
		const { queue, transport, logger, signal } = this.#options;
		const asked = parseRelayToken(incoming.request.token);
		if (asked === undefined)
			throw new ContainerBuilderError('unauthenticated', 'this is no token of a lease');
		if (transport.relay === undefined)
			throw new ContainerBuilderError('unsupported', 'nothing is carried on here');
		const { builderId, endpoint } = queue.relayed(asked.leaseId, asked.token);
		const ofBuilder = this.#carried.get(builderId) ?? new Set();
		if (ofBuilder.size >= MAX_CARRIED)
			throw new ContainerBuilderError('busy', 'too many connections to this builder are carried already');
		const ending = linkSignal(signal);
		this.#carried.set(builderId, ofBuilder.add(ending));
		try {
			const channel = await incoming.accept();
			onAccept(channel);
			await transport.relay(channel, endpoint, { signal: ending.signal }).catch((error: unknown) => {
				// Who is at its ends hears it by the connection.
				logger.debug({ lease: asked.leaseId, error: String(error) }, 'a relayed connection has ended');
			});
		} finally {
			ofBuilder.delete(ending);
			if (ofBuilder.size === 0) this.#carried.delete(builderId);
			ending.dispose();
		}
	}

	/** Listens to the queue no more. */
	close(): void {
		this.#options.queue.off('lease-end', this.#onLeaseEnd);
	}

	readonly #onLeaseEnd: QueueEventMap['lease-end'] = ({ builderId }) => {
		for (const ending of this.#carried.get(builderId) ?? []) ending.abort('the lease is over');
	};
}
