import type { Json, Versioned } from '@olcf/container-builder-core';

/** Enough for a write every microsecond, for nine years. */
const VERSION_BYTES = 6;

/** A value as it is in the file, with room for its version in front. */
export function encodeValue(value: Json): Buffer {
	const text = JSON.stringify(value);
	if (text === undefined) throw new TypeError('a value of the store must be JSON');
	const encoded = Buffer.allocUnsafeSlow(VERSION_BYTES + Buffer.byteLength(text));
	encoded.write(text, VERSION_BYTES);
	return encoded;
}

/** Writes the version into what {@link encodeValue} gave. */
export function setVersion(encoded: Buffer, version: number): void {
	encoded.writeUIntBE(version, 0, VERSION_BYTES);
}

/** The version alone. */
export function decodeVersion(encoded: Uint8Array): number {
	return bufferOf(encoded).readUIntBE(0, VERSION_BYTES);
}

/** What was written; throws a SyntaxError or RangeError where it is not that. */
export function decodeRecord(encoded: Uint8Array): Versioned {
	const buffer = bufferOf(encoded);
	return {
		value: JSON.parse(buffer.toString('utf8', VERSION_BYTES)) as Json,
		version: buffer.readUIntBE(0, VERSION_BYTES),
	};
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
	return Buffer.from(buffer, byteOffset, byteLength);
}
