import type { ChannelRequest, Peer } from '@olcf/container-builder-core';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JwtIssuer, jwtAuthenticator } from '../src/index.js';
import { AUDIENCE, type Issuer, startIssuer } from './issuer.js';
import { afterwards } from './queue-site.js';

const PEER: Peer = { address: '192.0.2.1', confidential: true, local: false };

describe('a signed token', () => {
	let issuer: Issuer;
	beforeEach(async () => {
		issuer = await startIssuer();
	});
	afterEach(() => issuer.close());

	const authenticator = (more: Partial<JwtIssuer> = {}) =>
		jwtAuthenticator({ issuers: [{ issuer: issuer.url, audience: AUDIENCE, ...more }] });
	const asking = (token?: string): ChannelRequest => ({ channel: 'queue', version: 1, token });
	const who = async (claims: JWTPayload, more: Partial<JwtIssuer> = {}, peer = PEER) =>
		await authenticator(more).authenticate(asking(await issuer.sign(claims)), peer);

	test('names a user, by GitLab’s claims of a CI job', async () => {
		const gitlab = {
			user: 'user_login',
			groups: ['namespace_path'],
			require: { project_path: 'olcf/*', ref_protected: 'true' },
		};
		const claims = {
			sub: 'project_path:olcf/images:ref_type:branch:ref:main',
			user_login: 'alice',
			namespace_path: 'olcf',
			project_path: 'olcf/images',
			ref_protected: 'true',
		};
		expect(await who(claims, gitlab)).toEqual({ user: 'alice', groups: ['olcf'], method: 'jwt' });
		await expect(who({ ...claims, project_path: 'others/images' }, gitlab)).rejects.toMatchObject({
			code: 'forbidden',
			message: 'the claim project_path of the token is not what this queue wants',
		});
	});

	test('names a user, by Keycloak’s claims', async () => {
		const keycloak = {
			user: 'preferred_username',
			userPrefix: 'keycloak:',
			groups: ['groups', 'realm_access.roles'],
		};
		const claims = {
			preferred_username: 'bob',
			groups: ['/hpc'],
			realm_access: { roles: ['builder', 'a\nb'] },
		};
		expect(await who(claims, keycloak)).toEqual({
			user: 'keycloak:bob',
			groups: ['/hpc', 'builder'],
			method: 'jwt',
		});
	});

	test.each<[string, JWTPayload, RegExp]>([
		['has expired', { exp: Math.floor(Date.now() / 1000) - 3600 }, /has expired/],
		['is for others', { aud: 'another-service' }, /its audience is not container-builder/],
		['is not valid yet', { nbf: Math.floor(Date.now() / 1000) + 3600 }, /nbf/],
		[
			'is of an issuer that nobody named',
			{ iss: 'https://elsewhere.example' },
			/https:\/\/elsewhere\.example are not taken/,
		],
		['names no user', { sub: '' }, /no claim sub/],
		['names one with a line’s end', { sub: 'a\nb' }, /names no user/],
	])('is refused that %s', async (_what, claims, message) => {
		await expect(who(claims)).rejects.toMatchObject({
			code: 'unauthenticated',
			message: expect.stringMatching(message),
		});
	});

	test('is refused that somebody else has signed, that nobody has, or by the public key as a shared secret', async () => {
		const other = await startIssuer();
		afterwards(() => other.close());
		const claims = {
			iss: issuer.url,
			aud: AUDIENCE,
			sub: 'mallory',
			exp: Math.floor(Date.now() / 1000) + 300,
		};
		const [own] = issuer.keys;
		const confused = new SignJWT(claims)
			.setProtectedHeader({ alg: 'HS256', kid: own?.kid ?? '' })
			.sign(Buffer.from(JSON.stringify(own?.jwk)));
		const forged = [
			await other.sign(claims),
			new UnsecuredJWT(claims).encode().replace(/\.$/, '.x'),
			await confused,
			(await issuer.sign({})).replace(/\.[^.]+$/, `.${'A'.repeat(342)}`),
		];
		for (const token of forged) {
			await expect(authenticator().authenticate(asking(token), PEER)).rejects.toMatchObject({
				code: 'unauthenticated',
			});
		}
	});

	test('is not taken unencrypted from a network; what is no such token is for others', async () => {
		await expect(who({}, {}, { ...PEER, confidential: false })).rejects.toThrow(/unencrypted/);
		for (const token of [undefined, 'cbt_x_y', 'a.b', 'a.b.c']) {
			expect(await authenticator().authenticate(asking(token), PEER)).toBeUndefined();
		}
		expect(issuer.asked).toEqual([]);
	});

	test('is known by new keys, once the issuer has some; the configuration is asked for once', async () => {
		const one = authenticator();
		await one.authenticate(asking(await issuer.sign({})), PEER);
		await one.authenticate(asking(await issuer.sign({})), PEER);
		expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
		const direct = authenticator({ jwks: `${issuer.url}/keys` });
		await issuer.rotate();
		expect(await direct.authenticate(asking(await issuer.sign({})), PEER)).toMatchObject({ user: 'someone' });
	});

	test('may come again while its issuer is away', async () => {
		const one = authenticator();
		const token = await issuer.sign({});
		await issuer.close();
		await expect(one.authenticate(asking(token), PEER)).rejects.toMatchObject({
			code: 'busy',
			message: expect.stringContaining('cannot be had at the moment'),
		});
		const direct = authenticator({ jwks: `${issuer.url}/keys` });
		await expect(direct.authenticate(asking(token), PEER)).rejects.toMatchObject({ code: 'busy' });
	});
});
