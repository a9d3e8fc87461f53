import type { AbortOptions, Endpoint } from '../../spec/index.js';

/** What a queue that does not know who one is wants to have answered. */
export interface QueueChallenge {
	/** Which authenticator asks, and what: `munge NONCE`. */
	readonly text: string;
	readonly endpoint: Endpoint;
	/** SHA-256 of the certificate that the queue has shown; undefined without TLS. */
	readonly peerFingerprint?: string | undefined;
}

/**
 * Where a client's token comes from: asked at each connection, without a challenge first. Resolves with undefined where it
 * has none, or cannot answer.
 */
export type QueueCredentials = (
	challenge: QueueChallenge | undefined,
	options: AbortOptions,
) => Promise<string | undefined>;
