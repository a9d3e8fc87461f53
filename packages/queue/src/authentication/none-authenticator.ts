import { userInfo } from 'node:os';
import type { Authenticator } from '@olcf/container-builder-core';

/** Options of {@link noneAuthenticator}. */
export interface NoneAuthenticatorOptions {
	/** Takes connections over a network too, all as one user `anonymous`. @default false */
	readonly insecure?: boolean | undefined;
}

/**
 * Asks for no credentials. Who reaches the queue's unix socket is taken for the user that runs the queue: the
 * socket must be where nobody else gets to. Other connections are anybody's, and taken only when told to.
 */
export function noneAuthenticator({ insecure = false }: NoneAuthenticatorOptions = {}): Authenticator {
	return {
		specificationVersion: 'v1',
		name: 'none',
		authenticate: async (_request, peer) => {
			if (peer.local && peer.address === 'unix') {
				return { user: userInfo().username, groups: [], method: 'none' };
			}
			return insecure ? { user: 'anonymous', groups: [], method: 'none' } : undefined;
		},
	};
}
