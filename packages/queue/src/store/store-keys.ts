import { ContainerBuilderError } from '@olcf/container-builder-core';

/** LMDB's limit is 1978 bytes; one is the kind, one is left for "just behind this key". */
const MAX_KEY_BYTES = 1_976;

/** What a key of the file belongs to: its first byte. */
const KINDS = { format: 0, counters: 1, hold: 2, record: 3 } as const;

/** A key as it is in the file: its kind, then UTF-8, whose bytes have the order of the code points. */
export function encodeKey(kind: keyof typeof KINDS, key = ''): Buffer {
	// A lone surrogate has no UTF-8: two keys would become the same.
	if (/\p{Surrogate}/u.test(key)) {
		throw new ContainerBuilderError('invalid-option', 'a key of the store must be well-formed Unicode');
	}
	const bytes = Buffer.byteLength(key);
	if (bytes > MAX_KEY_BYTES) {
		throw new ContainerBuilderError(
			'invalid-option',
			`a key of the store may have ${MAX_KEY_BYTES} bytes of UTF-8, not ${bytes}`,
		);
	}
	const encoded = Buffer.allocUnsafeSlow(1 + bytes);
	encoded[0] = KINDS[kind];
	encoded.write(key, 1);
	return encoded;
}

/** The string that {@link encodeKey} was given. */
export function decodeKey(encoded: Uint8Array): string {
	return Buffer.from(encoded.buffer, encoded.byteOffset + 1, encoded.byteLength - 1).toString();
}

/** The first key behind all that begin with this one. */
export function keyBehindPrefix(prefix: Uint8Array): Buffer {
	const end = Buffer.from(prefix);
	// No byte of UTF-8 is 255, nor is a kind.
	end[end.length - 1] = (end.at(-1) ?? 0) + 1;
	return end;
}
