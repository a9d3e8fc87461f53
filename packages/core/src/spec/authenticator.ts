import type { AbortOptions } from './abort-options.js';
import type { ChannelRequest, Peer } from './transport.js';

/** Who somebody is, and what an authenticator vouches for. */
export interface Identity {
	/** Unique at this queue: a login name, or issuer and subject. */
	readonly user: string;
	readonly groups: readonly string[];
	/** Name of the authenticator that said so. */
	readonly method: string;
}

/** Decides who is at the other end of a queue's channel. Implemented in the queue's package. */
export interface Authenticator {
	readonly specificationVersion: 'v1';
	/** For configuration and logs: `none`, `tokens`, `jwt`, `munge`. */
	readonly name: string;
	/**
	 * The identity, or `undefined` where this authenticator cannot tell and the next may. Rejects with
	 * `unauthenticated` where the credentials are for this authenticator and wrong.
	 */
	authenticate(request: ChannelRequest, peer: Peer, options?: AbortOptions): Promise<Identity | undefined>;
	/**
	 * What somebody whom nobody knows is to answer, by the token of the next try: `munge NONCE`. Absent: this
	 * authenticator asks nothing back.
	 */
	challenge?(peer: Peer): string;
}
