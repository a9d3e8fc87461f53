/** What a client shows a queue that is to carry a connection on: which lease, and that it is its holder. */
export function relayToken(leaseId: string, token: string): string {
	return `${leaseId}.${token}`;
}

/** What {@link relayToken} was made of; undefined for what is none. */
export function parseRelayToken(
	text: string | undefined,
): { readonly leaseId: string; readonly token: string } | undefined {
	const [, leaseId, token] = /^([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{1,256})$/.exec(text ?? '') ?? [];
	return leaseId === undefined || token === undefined ? undefined : { leaseId, token };
}
