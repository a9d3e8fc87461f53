import { type Authenticator, ContainerBuilderError, type Identity } from '@olcf/container-builder-core';
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { type ClaimPatterns, claimValues, unmetClaim } from './claim-rules.js';
import { isUserName } from './is-user-name.js';
import { issuerKeys } from './issuer-keys.js';

/** Whose tokens are trusted, and what they must say. */
export interface JwtIssuer {
	/** Exactly as in the claim `iss`: `https://gitlab.example`. */
	readonly issuer: string;
	/** What must be in the claim `aud`: a name of this queue that no other service has. */
	readonly audience: string;
	/** Where its keys are. @default what its `/.well-known/openid-configuration` says */
	readonly jwks?: string | undefined;
	/** The claim that names the user. @default 'sub' */
	readonly user?: string | undefined;
	/** Goes before the user's name, so that nobody of this issuer is taken for somebody else. @default nothing */
	readonly userPrefix?: string | undefined;
	/** Claims whose values are the user's groups. @default none */
	readonly groups?: readonly string[] | undefined;
	/** Claims that must be there, with what they must be. */
	readonly require?: Readonly<Record<string, ClaimPatterns>> | undefined;
}

/** Options of {@link jwtAuthenticator}. */
export interface JwtAuthenticatorOptions {
	readonly issuers: readonly JwtIssuer[];
}

/** What a signature may be made with: no shared secrets, and not `none`. */
const ALGORITHMS = [
	'RS256',
	'RS384',
	'RS512',
	'PS256',
	'PS384',
	'PS512',
	'ES256',
	'ES384',
	'ES512',
	'EdDSA',
	'Ed25519',
];
const CLOCK_TOLERANCE_S = 30;
const MAX_LENGTH = 16 * 1024;

/**
 * Knows users by tokens that OpenID Connect issuers have signed (RFC 7519, RFC 8725), such as GitLab's id tokens of CI
 * jobs and those of a site's Keycloak. Keys are fetched when the first one comes, and again when one is not known.
 * Rejects with `unauthenticated`.
 */
export function jwtAuthenticator({ issuers }: JwtAuthenticatorOptions): Authenticator {
	const known = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: issuerKeys(issuer) }]));
	return {
		specificationVersion: 'v1',
		name: 'jwt',
		authenticate: async ({ token }, peer) => {
			const claimed = token === undefined ? undefined : issuerOf(token);
			if (token === undefined || claimed === undefined) return undefined;
			if (!peer.confidential && !peer.local) {
				throw refused('the token came over the network unencrypted: anybody may have it now');
			}
			const found = known.get(claimed);
			if (found === undefined) throw refused(`tokens of ${claimed} are not taken here`);
			const { issuer, keys } = found;
			try {
				const { payload } = await jwtVerify(token, keys, {
					issuer: issuer.issuer,
					audience: issuer.audience,
					algorithms: ALGORITHMS,
					clockTolerance: CLOCK_TOLERANCE_S,
					requiredClaims: ['exp'],
				});
				return identityOf(payload, issuer);
			} catch (error) {
				throw explained(error, issuer);
			}
		},
	};
}

/** Undefined for what is no token of this kind. */
function issuerOf(token: string): string | undefined {
	if (token.length > MAX_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
	try {
		return decodeJwt(token).iss ?? '';
	} catch {
		return undefined;
	}
}

function identityOf(claims: JWTPayload, issuer: JwtIssuer): Identity {
	const { user: claim = 'sub', userPrefix = '', groups = [], require = {} } = issuer;
	const unmet = unmetClaim(claims, require);
	if (unmet !== undefined) {
		throw new ContainerBuilderError(
			'forbidden',
			`the claim ${unmet} of the token is not what this queue wants`,
		);
	}
	const [name] = claimValues(claims, claim);
	if (name === undefined || name === '')
		throw refused(`the token has no claim ${claim}, which names the user`);
	const user = `${userPrefix}${name}`;
	if (!isUserName(user)) throw refused(`the claim ${claim} names no user`);
	const among = groups.flatMap((path) => claimValues(claims, path)).filter(isUserName);
	return { user, groups: among, method: 'jwt' };
}

function explained(error: unknown, { issuer, audience }: JwtIssuer): unknown {
	if (error instanceof errors.JWTExpired) return refused('the token has expired');
	if (error instanceof errors.JWTClaimValidationFailed) {
		const { claim } = error;
		return refused(
			claim === 'aud'
				? `the token is for others: its audience is not ${audience}`
				: `the token's claim ${claim} is wrong`,
		);
	}
	// The last one is for whatever has gone wrong with fetching keys.
	const isAway =
		error instanceof errors.JWKSTimeout ||
		error instanceof TypeError ||
		(error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC');
	if (isAway) {
		return new ContainerBuilderError(
			'busy',
			`the keys of ${issuer} cannot be had at the moment: ${error.message}`,
		);
	}
	if (error instanceof errors.JOSEError)
		return refused(`the token is not one of ${issuer}: ${error.message}`);
	return error;
}

function refused(message: string): ContainerBuilderError {
	return new ContainerBuilderError('unauthenticated', message);
}
