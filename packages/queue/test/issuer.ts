import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const AUDIENCE = 'container-builder';

/** A real OpenID Connect issuer, as far as those see it who check its tokens. */
export async function startIssuer() {
	const keys: { kid: string; privateKey: CryptoKey; jwk: object }[] = [];
	const rotate = async (): Promise<void> => {
		const kid = `key-${keys.length}`;
		const { privateKey, publicKey } = await generateKeyPair('RS256');
		keys.splice(0, keys.length, {
			kid,
			privateKey,
			jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' },
		});
	};
	await rotate();
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push(request.url ?? '');
		const found: Record<string, unknown> = {
			'/.well-known/openid-configuration': { issuer: url(), jwks_uri: `${url()}/keys` },
			'/keys': { keys: keys.map(({ jwk }) => jwk) },
		};
		const body = found[request.url ?? ''];
		response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
		response.end(JSON.stringify(body ?? {}));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const url = (): string => `http://127.0.0.1:${port}`;
	const close = async (): Promise<void> => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	};
	const sign = (claims: JWTPayload, key = keys[0]): Promise<string> => {
		if (key === undefined) throw new TypeError('no key');
		return new SignJWT({ iss: url(), aud: AUDIENCE, sub: 'someone', ...claims })
			.setProtectedHeader({ alg: 'RS256', kid: key.kid })
			.setIssuedAt()
			.setExpirationTime(claims.exp ?? '5m')
			.sign(key.privateKey);
	};
	return { url: url(), sign, rotate, asked, keys, close };
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;
