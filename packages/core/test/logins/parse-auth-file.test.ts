import { parseAuthFile } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';

const auth = (text: string): string => Buffer.from(text).toString('base64');
const failureOf = (text: string): unknown => {
	try {
		return parseAuthFile(text);
	} catch (error) {
		return error;
	}
};

test('all ways in which a login may be written', () => {
	const text = JSON.stringify({
		auths: {
			'https://index.docker.io/v1/': { auth: auth('alice:pass:word') },
			'registry.example:5000': { auth: auth('bob:secret\0\0') },
			'quay.io/team': { username: 'carol', password: 'hidden' },
			'https://other.example/v2/': { auth: auth('dora:'), identitytoken: 'refresh' },
			'stored.example': {},
		},
		HttpHeaders: { 'User-Agent': 'Docker-Client' },
	});
	expect(parseAuthFile(text)).toEqual({
		logins: [
			{ registry: 'docker.io', username: 'alice', password: 'pass:word' },
			{ registry: 'registry.example:5000', username: 'bob', password: 'secret' },
			{ registry: 'quay.io/team', username: 'carol', password: 'hidden' },
			{ registry: 'other.example', identityToken: 'refresh' },
		],
		credentialHelpers: {},
	});
});

test.each([
	['https://index.docker.io/v1/', 'docker.io'],
	['index.docker.io/v1/', 'docker.io'],
	['index.docker.io', 'docker.io'],
	['registry-1.docker.io', 'docker.io'],
	['docker.io/library', 'docker.io/library'],
	['https://registry.example/team/', 'registry.example'],
	['http://Registry.Example:5000', 'registry.example:5000'],
	['registry.example/team/base/', 'registry.example/team/base'],
	['registry.example/v2team', 'registry.example/v2team'],
])('the key %s means %s', (key, registry) => {
	expect(parseAuthFile(JSON.stringify({ auths: { [key]: { auth: auth('a:b') } } })).logins).toEqual([
		{ registry, username: 'a', password: 'b' },
	]);
});

test('helpers', () => {
	const text = JSON.stringify({
		credsStore: 'secretservice',
		credHelpers: { 'https://gcr.io': 'gcloud', 'index.docker.io': 'pass' },
	});
	expect(parseAuthFile(text)).toEqual({
		logins: [],
		credentialStore: 'secretservice',
		credentialHelpers: { 'gcr.io': 'gcloud', 'docker.io': 'pass' },
	});
	expect(parseAuthFile('{}')).toEqual({ logins: [], credentialHelpers: {} });
});

test.each([
	['{"auths": {"a": {"auth": "SECRET', 'not a file of registry logins: it is not JSON'],
	['[]', 'not a file of registry logins: it:'],
	['{"auths":{"a.example":{"auth":42}}}', 'auths.a.example.auth'],
	[`{"auths":{"a.example":{"auth":"${auth('SECRET')}"}}}`, 'auths.a.example.auth: it is not NAME:PASSWORD'],
	['{"credsStore":"../SECRET"}', 'credsStore'],
	['{"credHelpers":{"a.example":"x; rm SECRET"}}', 'credHelpers.a.example'],
])('%s is refused without quoting it', (text, message) => {
	const error = failureOf(text);
	expect(error).toMatchObject({ code: 'invalid-configuration', message: expect.stringContaining(message) });
	expect(String((error as Error).stack)).not.toContain('SECRET');
	expect(String((error as Error).stack)).not.toContain(auth('SECRET'));
});
