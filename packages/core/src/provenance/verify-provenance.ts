import { createPublicKey, verify } from 'node:crypto';
import { envelopeSchema, statementSchema } from '../protocol/provenance-schemas.js';
import { ContainerBuilderError, type ProvenanceKey } from '../spec/index.js';
import { preAuthenticationEncoding } from './pre-authentication-encoding.js';
import { type ProvenanceStatement, STATEMENT_TYPE } from './statement.js';

/** A provenance that one of the keys has signed, of this very image. */
export interface VerifiedProvenance {
	readonly statement: ProvenanceStatement;
	/** The one that has signed. */
	readonly key: ProvenanceKey;
}

/**
 * Checks an envelope as it was read (`DsseEnvelope`): that one of the keys has signed, and that it was this image. Throws `invalid-option` for what is no provenance
 * of ours, `forbidden` where none of the keys has signed it, `digest-mismatch` where it is another image's.
 */
export function verifyProvenance(
	envelope: unknown,
	options: { readonly sha256: string; readonly keys: readonly ProvenanceKey[] },
): VerifiedProvenance {
	const read = envelopeSchema.safeParse(envelope);
	if (!read.success) throw noProvenance('no DSSE envelope');
	const { payloadType, payload, signatures } = read.data;
	const bytes = Buffer.from(payload, 'base64');
	const signed = preAuthenticationEncoding(payloadType, bytes);
	// A key id is a hint only (DSSE 1.0, protocol): every key is tried.
	const key = options.keys.find(({ publicKey }) =>
		signatures.some(({ sig }) =>
			verify(null, signed, createPublicKey(publicKey), Buffer.from(sig, 'base64')),
		),
	);
	if (key === undefined) {
		throw new ContainerBuilderError(
			'forbidden',
			'the provenance is signed by none of the keys that are trusted',
			{
				hint: "It was changed, or another queue has signed it: give that one's key.",
			},
		);
	}
	if (payloadType !== STATEMENT_TYPE) throw noProvenance(`a ${payloadType}`);
	const statement = parseStatement(bytes);
	if (statement.subject[0]?.digest.sha256 !== options.sha256) {
		throw new ContainerBuilderError('digest-mismatch', 'the provenance is that of another image', {
			hint: 'The image was changed since, or the two files do not belong together.',
		});
	}
	return { statement, key };
}

function parseStatement(bytes: Buffer): ProvenanceStatement {
	try {
		return statementSchema.parse(JSON.parse(bytes.toString('utf8')));
	} catch (cause) {
		throw noProvenance('a statement of another kind', cause);
	}
}

function noProvenance(what: string, cause?: unknown): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', `that is no provenance of a build: ${what}`, { cause });
}
