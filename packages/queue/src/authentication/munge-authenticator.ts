import { type Authenticator, ContainerBuilderError } from '@olcf/container-builder-core';
import PQueue from 'p-queue';
import { parseMungePayload } from './munge-payload.js';
import { Nonces } from './nonces.js';
import { UnmungeError, unmunge } from './unmunge.js';
import { userOfId } from './user-of-id.js';

/** Options of {@link mungeAuthenticator}. */
export interface MungeAuthenticatorOptions {
	/** Of munged. @default munge's own */
	readonly socket?: string | undefined;
	/** Milliseconds since the epoch. @default Date.now */
	readonly now?: (() => number) | undefined;
}

/** Between challenge and answer lies one run of `munge`. */
const NONCE_LIFETIME_MS = 60_000;
const MOST_AT_A_TIME = 4;

/**
 * Knows the users of a site by MUNGE: whoever has an account on its machines needs no token. The queue asks with a nonce;
 * the client has its own munged sign nonce and certificate of the queue. So a credential is good for one connection to
 * this queue: nobody who gets it, another queue neither, can do anything with it. Needs munged with the site's key on
 * the queue's machine; users are those that this machine has under their ids. Rejects with `unauthenticated`.
 */
export function mungeAuthenticator({
	socket,
	now = Date.now,
}: MungeAuthenticatorOptions = {}): Authenticator {
	const nonces = new Nonces({ lifetimeMs: NONCE_LIFETIME_MS, now });
	// Each is a process, and anybody can send something that looks like a credential.
	const decoding = new PQueue({ concurrency: MOST_AT_A_TIME });
	return {
		specificationVersion: 'v1',
		name: 'munge',
		challenge: () => `munge ${nonces.make()}`,
		authenticate: async ({ token }, peer) => {
			if (token?.startsWith('MUNGE:') !== true) return undefined;
			if (!peer.confidential && !peer.local) throw refused('it came over the network unencrypted');
			const { uid, payload } = await decoding.add(() => decode(token, socket));
			const said = parseMungePayload(payload);
			if (said === undefined) throw refused('it was made for something else');
			// Whoever is between client and queue shows another certificate than the queue does.
			if (said.fingerprint !== peer.shownFingerprint) throw refused('it was made for another queue');
			if (!nonces.use(said.nonce)) throw refused('it answers no question of this queue, or one of long ago');
			return { ...(await userOfId(uid)), method: 'munge' };
		},
	};
}

async function decode(credential: string, socket: string | undefined) {
	try {
		return await unmunge(credential, socket);
	} catch (error) {
		if (!(error instanceof UnmungeError)) throw error;
		if (!error.isAway) throw refused(error.message);
		throw new ContainerBuilderError('busy', `the queue cannot look at MUNGE credentials: ${error.message}`, {
			cause: error,
		});
	}
}

function refused(reason: string): ContainerBuilderError {
	return new ContainerBuilderError('unauthenticated', `the MUNGE credential is not taken: ${reason}`);
}
