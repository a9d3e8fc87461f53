import { hostname } from 'node:os';
import { join } from 'node:path';
import { ed25519Signer, type ProvenanceSigner } from '@olcf/container-builder-core';
import { keptKey } from './kept-key.js';
import { stateDirectory } from './state-directory.js';

/** What a signer is made of; nothing is needed but whose it is. */
export interface OwnSignerOptions {
	/** Of the queue. */
	readonly owner: string;
	/** File of the private key. @default provenance.pem in the owner's `stateDirectory` */
	readonly key?: string | undefined;
	/** Whether a key is made where there is none. @default true */
	readonly create?: boolean | undefined;
	/** Who the queue says it is, a URI. @default container-builder://HOST/OWNER */
	readonly builderId?: string | undefined;
}

/** Signs with a key of the queue's own, which is made when it is first needed. */
export function ownSigner(
	{ owner, key, create = true, builderId = `container-builder://${hostname()}/${owner}` }: OwnSignerOptions,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): ProvenanceSigner {
	const path = key ?? join(stateDirectory(owner, environment), 'provenance.pem');
	return ed25519Signer({ builderId, load: () => keptKey(path, { create }) });
}
