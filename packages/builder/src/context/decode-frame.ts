import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { ContainerBuilderError } from '@olcf/container-builder-core';

/** Most bytes that one frame of a context may unfold to. */
const MAX_DECODED_BYTES = 16 * 1024 * 1024;

type Decoder = (frame: Uint8Array) => Promise<Uint8Array>;
type Decompress = (
	input: Uint8Array,
	options: { maxOutputLength: number },
	callback: (error: Error | null, result: Buffer) => void,
) => void;

/** How a context's frames can be compressed here: zstd came to Node with 22.15. */
const DECODERS: Readonly<Record<'zstd' | 'gzip' | 'identity', Decoder | undefined>> = {
	zstd: 'zstdDecompress' in zlib ? decoder(zlib.zstdDecompress as Decompress) : undefined,
	gzip: decoder(zlib.gunzip),
	identity: async (frame) => frame,
};

/** Name of an encoding of the protocol. */
export type ContextEncoding = keyof typeof DECODERS;

/** The first of the other side's encodings that this side has too. */
export function chooseEncoding(offered: readonly ContextEncoding[]): ContextEncoding {
	const found = offered.find((name) => DECODERS[name] !== undefined);
	if (found) return found;
	throw new ContainerBuilderError('unsupported', `none of the encodings ${offered.join(', ')} is known here`);
}

/** What a frame was before it was compressed. Rejects with `protocol`. */
export async function decodeFrame(encoding: ContextEncoding, frame: Uint8Array): Promise<Uint8Array> {
	const decode = DECODERS[encoding];
	if (!decode) throw new ContainerBuilderError('unsupported', `${encoding} is not known here`);
	try {
		return await decode(frame);
	} catch (cause) {
		throw new ContainerBuilderError('protocol', `a frame that is not ${encoding}, or too large`, { cause });
	}
}

function decoder(decompress: Decompress): Decoder {
	const decode = promisify(decompress);
	return (frame) => decode(frame, { maxOutputLength: MAX_DECODED_BYTES });
}
