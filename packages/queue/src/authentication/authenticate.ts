import {
	type Authenticator,
	ContainerBuilderError,
	type Identity,
	type IncomingChannel,
} from '@olcf/container-builder-core';

/** Asks one authenticator after the other. Rejects with `unauthenticated` where none knows who it is. */
export async function authenticate(
	authenticators: readonly Authenticator[],
	{ request, peer }: Pick<IncomingChannel, 'request' | 'peer'>,
	signal: AbortSignal,
): Promise<Identity> {
	for (const authenticator of authenticators) {
		const identity = await authenticator.authenticate(request, peer, { signal });
		if (identity !== undefined) return identity;
	}
	throw new ContainerBuilderError(
		'unauthenticated',
		request.token === undefined ? 'this queue wants to know who you are' : 'the token is not known here',
	);
}
