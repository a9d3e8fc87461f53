import type { Authenticator } from '@olcf/container-builder-core';
import type { QueueConfiguration } from '../configuration/queue-configuration.js';
import { jwtAuthenticator } from './jwt-authenticator.js';
import { mungeAuthenticator } from './munge-authenticator.js';
import { noneAuthenticator } from './none-authenticator.js';
import { readTokens } from './read-tokens.js';
import { tokensAuthenticator } from './tokens-authenticator.js';

/**
 * Who is asked who somebody is, as a configuration says, in this order: credentials first, then the queue's own socket.
 * Rejects with `invalid-configuration` for a file of tokens that is none.
 */
export async function configuredAuthenticators({
	authentication = {},
	insecure,
}: Pick<QueueConfiguration, 'authentication' | 'insecure'>): Promise<readonly Authenticator[]> {
	const { tokens, jwt, munge } = authentication;
	const asks = tokens !== undefined || jwt !== undefined || munge !== undefined;
	if (tokens !== undefined) await readTokens(tokens.file);
	return [
		...(tokens === undefined ? [] : [tokensAuthenticator(tokens)]),
		...(jwt === undefined ? [] : [jwtAuthenticator({ issuers: jwt })]),
		...(munge === undefined ? [] : [mungeAuthenticator(munge)]),
		// Where it is asked who somebody is, nobody gets in without an answer.
		noneAuthenticator({ insecure: insecure && !asks }),
	];
}
