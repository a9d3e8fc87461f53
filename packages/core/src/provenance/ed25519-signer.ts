import { sign } from 'node:crypto';
import type { ProvenanceSigner } from '../spec/index.js';
import { provenanceKey } from './provenance-key.js';

/**
 * Signs with a private key in PEM (PKCS #8), which is asked for when it is first needed. `builderId`: the URI by which the
 * queue is known to who verifies. Rejects with `invalid-option` for what is no Ed25519 key, and with what `load` rejects with.
 */
export function ed25519Signer(options: {
	readonly builderId: string;
	readonly load: () => Promise<string>;
}): ProvenanceSigner {
	const { builderId, load } = options;
	let loading: Promise<string> | undefined;
	const pem = (): Promise<string> => {
		loading ??= load().catch((error: unknown) => {
			loading = undefined;
			throw error;
		});
		return loading;
	};
	return {
		builderId,
		key: async () => provenanceKey(await pem()),
		sign: async (bytes) => sign(null, bytes, await pem()),
	};
}
