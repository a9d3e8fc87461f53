import { createHash, createPublicKey } from 'node:crypto';
import { ContainerBuilderError, type ProvenanceKey } from '../spec/index.js';

const BLOCK = /-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----/g;

/** A public key, or that of a private one, with its id. Throws `invalid-option` for what is no Ed25519 key in PEM. */
export function provenanceKey(pem: string): ProvenanceKey {
	try {
		const key = createPublicKey(pem);
		if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`it is ${key.asymmetricKeyType}`);
		const der = key.export({ type: 'spki', format: 'der' });
		return {
			keyId: createHash('sha256').update(der).digest('hex'),
			publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
		};
	} catch (cause) {
		throw new ContainerBuilderError('invalid-option', 'that is no Ed25519 key in PEM', {
			cause,
			hint: 'The key of a queue is printed by cb-queue key; openssl genpkey -algorithm ed25519 makes one.',
		});
	}
}

/** All keys of a file, one below the other. Throws `invalid-option` where there is none, or one is something else. */
export function provenanceKeys(text: string): readonly ProvenanceKey[] {
	const blocks = text.match(BLOCK) ?? [text];
	return blocks.map(provenanceKey);
}
