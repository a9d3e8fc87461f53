import { stat } from 'node:fs/promises';
import { type Authenticator, ContainerBuilderError } from '@olcf/container-builder-core';
import { readTokens } from './read-tokens.js';
import type { StoredToken } from './stored-token.js';
import { hasSecret, parseToken } from './token-secret.js';

/** Options of {@link tokensAuthenticator}. */
export interface TokensAuthenticatorOptions {
	/** Absolute; what `cb-queue token` writes. Read again whenever it has changed. */
	readonly file: string;
	/** Wall clock, in milliseconds since the epoch. @default Date.now */
	readonly now?: (() => number) | undefined;
}

/**
 * Knows users by the tokens of a file. A token that is revoked there is not let in any more; connections that stand
 * with it stay. Rejects with `unauthenticated`; with `invalid-configuration` where the file is broken.
 */
export function tokensAuthenticator({ file, now = Date.now }: TokensAuthenticatorOptions): Authenticator {
	const read = cachedFile(file);
	return {
		specificationVersion: 'v1',
		name: 'tokens',
		authenticate: async ({ token }, peer) => {
			const parts = parseToken(token);
			if (parts === undefined) return undefined;
			if (!peer.confidential && !peer.local) {
				throw refused('the token came over the network unencrypted: anybody may have it now');
			}
			const stored = parts === 'malformed' ? undefined : (await read()).find(({ id }) => id === parts.id);
			if (parts === 'malformed' || stored === undefined || !hasSecret(stored, parts.secret)) {
				throw refused('the token is not known here');
			}
			const { user, groups, expiresAt } = stored;
			if (expiresAt !== undefined && Date.parse(expiresAt) <= now()) {
				throw refused(`the token of ${user} has expired on ${expiresAt.slice(0, 10)}`);
			}
			return { user, groups, method: 'tokens' };
		},
	};
}

/** The file is small, connections are many: it is read when it is another one than before. */
function cachedFile(path: string): () => Promise<readonly StoredToken[]> {
	let known: { readonly version: string; readonly tokens: readonly StoredToken[] } | undefined;
	return async () => {
		const version = await stat(path, { bigint: true }).then(
			({ ino, mtimeNs, size }) => `${ino} ${mtimeNs} ${size}`,
			() => 'none',
		);
		if (known?.version !== version) known = { version, tokens: await readTokens(path) };
		return known.tokens;
	};
}

function refused(message: string): ContainerBuilderError {
	return new ContainerBuilderError('unauthenticated', message, {
		hint: 'Ask those who run the queue for a new one.',
	});
}
