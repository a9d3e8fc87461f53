import {
	createCipheriv,
	createDecipheriv,
	createPublicKey,
	diffieHellman,
	generateKeyPairSync,
	hkdfSync,
	type KeyObject,
} from 'node:crypto';
import { ContainerBuilderError } from '../spec/index.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LABEL = 'container-builder sealed box v1';

/** Opens what was sealed to its public key; the private one does not leave it. */
export interface SealingKey {
	/** 43 characters of base64url. */
	readonly publicKey: string;
	/** Throws `protocol` where `sealed` was not made for this key and `purpose`, or was changed since. */
	unseal(sealed: string, purpose: string): Uint8Array;
}

/** A new key pair to seal to. */
export function makeSealingKey(): SealingKey {
	const pair = generateKeyPairSync('x25519');
	const own = rawKey(pair.publicKey);
	return {
		publicKey: own.toString('base64url'),
		unseal: (sealed, purpose) => {
			try {
				return open(Buffer.from(sealed, 'base64url'), pair.privateKey, own, purpose);
			} catch (cause) {
				throw new ContainerBuilderError('protocol', 'what was sealed to this builder cannot be opened', {
					cause,
				});
			}
		},
	};
}

/**
 * Encrypts for whoever holds the private key to `publicKey`, and nobody else, this side included: X25519 with a key
 * pair of its own, HKDF-SHA-256, AES-256-GCM; base64url. `purpose` is not sent: both sides must know it, and it keeps
 * a box from being used elsewhere. Throws `protocol` where the key is none.
 */
export function seal(publicKey: string, bytes: Uint8Array, purpose: string): string {
	const recipient = Buffer.from(publicKey, 'base64url');
	const { privateKey, publicKey: ephemeral } = generateKeyPairSync('x25519');
	const sender = rawKey(ephemeral);
	let keys: BoxKeys;
	try {
		keys = boxKeys(privateKey, sender, recipient);
	} catch (cause) {
		throw new ContainerBuilderError('protocol', 'the key to seal to is not a key', { cause });
	}
	const cipher = createCipheriv('aes-256-gcm', keys.key, keys.nonce).setAAD(Buffer.from(purpose));
	const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
	return Buffer.concat([sender, text, cipher.getAuthTag()]).toString('base64url');
}

function open(box: Buffer, privateKey: KeyObject, own: Buffer, purpose: string): Uint8Array {
	if (box.length < KEY_BYTES + TAG_BYTES) throw new RangeError('too short');
	const sender = box.subarray(0, KEY_BYTES);
	const { key, nonce } = boxKeys(privateKey, sender, own, sender);
	const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
		.setAAD(Buffer.from(purpose))
		.setAuthTag(box.subarray(-TAG_BYTES));
	return Buffer.concat([decipher.update(box.subarray(KEY_BYTES, -TAG_BYTES)), decipher.final()]);
}

interface BoxKeys {
	readonly key: Buffer;
	readonly nonce: Buffer;
}

/** Each box has a key pair of its own, so that no key is used twice, nor a nonce. */
function boxKeys(privateKey: KeyObject, sender: Buffer, recipient: Buffer, other = recipient): BoxKeys {
	const secret = diffieHellman({ privateKey, publicKey: publicKeyOf(other) });
	const salt = Buffer.concat([sender, recipient]);
	const derived = Buffer.from(hkdfSync('sha256', secret, salt, LABEL, KEY_BYTES + NONCE_BYTES));
	return { key: derived.subarray(0, KEY_BYTES), nonce: derived.subarray(KEY_BYTES) };
}

function rawKey(key: KeyObject): Buffer {
	return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function publicKeyOf(raw: Buffer): KeyObject {
	return createPublicKey({
		key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') },
		format: 'jwk',
	});
}
