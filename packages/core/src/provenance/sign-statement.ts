import type { DsseEnvelope, ProvenanceSigner } from '../spec/index.js';
import { preAuthenticationEncoding } from './pre-authentication-encoding.js';
import { type ProvenanceStatement, STATEMENT_TYPE } from './statement.js';

/** Puts a statement into an envelope, signed. */
export async function signStatement(
	statement: ProvenanceStatement,
	signer: ProvenanceSigner,
): Promise<DsseEnvelope> {
	const payload = Buffer.from(JSON.stringify(statement), 'utf8');
	const { keyId } = await signer.key();
	const signature = await signer.sign(preAuthenticationEncoding(STATEMENT_TYPE, payload));
	return {
		payloadType: STATEMENT_TYPE,
		payload: payload.toString('base64'),
		signatures: [{ keyid: keyId, sig: Buffer.from(signature).toString('base64') }],
	};
}
