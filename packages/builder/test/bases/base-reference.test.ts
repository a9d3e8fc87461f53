import { describe, expect, it } from 'vitest';
import { isLoopbackRegistry, parseBaseReference, sourceOf } from '../../src/bases/base-reference.js';
import { chooseLogin } from '../../src/bases/choose-login.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('a reference', () => {
	it.each([
		['docker.io/library/debian:12', 'docker.io/library/debian', 'docker.io', '12', undefined],
		[
			'registry.example:5000/a/b:1.0-x',
			'registry.example:5000/a/b',
			'registry.example:5000',
			'1.0-x',
			undefined,
		],
		['localhost:5000/a', 'localhost:5000/a', 'localhost:5000', undefined, undefined],
		[`[::1]:5000/a:1@${DIGEST}`, '[::1]:5000/a', '[::1]:5000', '1', DIGEST],
		[`r.example/a@${DIGEST}`, 'r.example/a', 'r.example', undefined, DIGEST],
	])('%s is taken apart', (reference, name, registry, tag, digest) => {
		expect(parseBaseReference(reference)).toMatchObject({ name, registry, tag, digest });
	});

	it('is given to skopeo by its digest, where it has one', () => {
		expect(sourceOf(parseBaseReference(`r.example/a:1@${DIGEST}`))).toBe(`docker://r.example/a@${DIGEST}`);
		expect(sourceOf(parseBaseReference('r.example/a:1'))).toBe('docker://r.example/a:1');
		expect(sourceOf(parseBaseReference('r.example/a'))).toBe('docker://r.example/a:latest');
	});

	it.each([
		['127.0.0.1:5000', true],
		['127.1.2.3', true],
		['localhost', true],
		['localhost:80', true],
		['[::1]:5000', true],
		['127.0.0.1.example.org', false],
		['localhost.example.org:5000', false],
		['registry.example', false],
	])('at %s is on this machine: %s', (registry, expected) => {
		expect(isLoopbackRegistry(registry)).toBe(expected);
	});
});

describe('the login for a base', () => {
	const logins = [
		{ registry: 'registry.example', username: 'site' },
		{ registry: 'registry.example/team', username: 'team' },
		{ registry: 'registry.example/team/deep/er', username: 'deep' },
		{ registry: 'https://index.docker.io/v1/', username: 'hub' },
		{ registry: 'other.example:5000', username: 'other' },
	];

	it.each([
		['registry.example/x', 'site'],
		['registry.example/teams/x', 'site'],
		['registry.example/team/x', 'team'],
		['registry.example/team', 'team'],
		['registry.example/team/deep/er/x', 'deep'],
		['docker.io/library/debian', 'hub'],
		['other.example:5000/x', 'other'],
		['other.example/x', undefined],
		['registry.example.org/x', undefined],
		['quay.io/docker.io/x', undefined],
	])('%s is that of %s', (name, username) => {
		expect(chooseLogin(logins, name)?.username).toBe(username);
	});
});
