/** What is signed of a document: PAE of DSSE 1.0 (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md). */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
	const type = Buffer.from(payloadType, 'utf8');
	const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
	return Buffer.concat([Buffer.from(head, 'utf8'), payload]);
}
