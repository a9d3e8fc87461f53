import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';

const DISCOVERY_LIMIT_MS = 5_000;
const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * The keys of an issuer, from `jwks` or from where its configuration says (OpenID Connect Discovery 1.0, section 4). What
 * could not be fetched is tried again with the next token. Rejects with a `TypeError` for what the network or the issuer
 * is to blame.
 */
export function issuerKeys(where: {
	readonly issuer: string;
	readonly jwks?: string | undefined;
}): JWTVerifyGetKey {
	let keys: Promise<JWTVerifyGetKey> | undefined;
	return async (header, token) => {
		keys ??= keySet(where);
		try {
			return await (await keys)(header, token);
		} catch (error) {
			// A set that is there fetches keys anew by itself.
			if (error instanceof TypeError) keys = undefined;
			throw error;
		}
	};
}

async function keySet({
	issuer,
	jwks,
}: {
	issuer: string;
	jwks?: string | undefined;
}): Promise<JWTVerifyGetKey> {
	return createRemoteJWKSet(new URL(jwks ?? (await discovered(issuer))));
}

async function discovered(issuer: string): Promise<string> {
	const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
	const response = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_LIMIT_MS) }).catch(
		(cause: unknown) => {
			throw new TypeError(`${url} does not answer`, { cause });
		},
	);
	const found = discoverySchema.safeParse(
		response.ok ? await response.json().catch(() => undefined) : undefined,
	);
	if (!found.success) throw new TypeError(`${url} says nothing of keys (HTTP ${response.status})`);
	if (found.data.issuer !== issuer) throw new TypeError(`${url} is of another issuer: ${found.data.issuer}`);
	return found.data.jwks_uri;
}
