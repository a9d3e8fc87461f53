import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const PREFIX = 'cbt_';
const TOKEN = /^cbt_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** What a token consists of. */
export interface TokenParts {
	readonly id: string;
	/** 256 random bits, in base64url. */
	readonly secret: string;
}

/** A fresh one, `cbt_ID_SECRET`: the beginning tells secret scanners what it is. */
export function makeToken(): TokenParts & { readonly token: string } {
	// 32 letters: each byte says one of them, evenly.
	const id = Array.from(randomBytes(12), (byte) => ALPHABET[byte % 32]).join('');
	const secret = randomBytes(32).toString('base64url');
	return { id, secret, token: `${PREFIX}${id}_${secret}` };
}

/** Undefined for what is no token of ours; one that is broken off is `malformed`. */
export function parseToken(token: string | undefined): TokenParts | 'malformed' | undefined {
	if (token === undefined || !token.startsWith(PREFIX)) return undefined;
	const [, id, secret] = TOKEN.exec(token) ?? [];
	return id === undefined || secret === undefined ? 'malformed' : { id, secret };
}

/** What is kept of a secret. It is random as a whole, so that nothing slower is needed against guessing. */
export function hashSecret(secret: string, salt: string): string {
	return createHash('sha256').update(`${salt}:${secret}`).digest('hex');
}

/** Compares in a time that tells nothing. */
export function hasSecret(
	{ salt, hash }: { readonly salt: string; readonly hash: string },
	secret: string,
): boolean {
	return timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(hashSecret(secret, salt), 'hex'));
}
