import { parseImageReference } from '@olcf/container-builder-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
	['debian', 'docker.io', 'docker.io/library/debian:latest'],
	['debian:12', 'docker.io', 'docker.io/library/debian:12'],
	['team/app', 'docker.io', 'docker.io/team/app:latest'],
	['docker.io/debian', 'docker.io', 'docker.io/library/debian:latest'],
	['index.docker.io/debian:a', 'docker.io', 'docker.io/library/debian:a'],
	['docker.io/team/app', 'docker.io', 'docker.io/team/app:latest'],
	['localhost/x', 'localhost', 'localhost/x:latest'],
	['localhost:5000/x', 'localhost:5000', 'localhost:5000/x:latest'],
	['registry:5000/x:1', 'registry:5000', 'registry:5000/x:1'],
	['registry.example/a/b/c:v1', 'registry.example', 'registry.example/a/b/c:v1'],
	['[::1]:5000/x', '[::1]:5000', '[::1]:5000/x:latest'],
	[`debian@${DIGEST}`, 'docker.io', `docker.io/library/debian@${DIGEST}`],
	[`debian:12@${DIGEST}`, 'docker.io', `docker.io/library/debian@${DIGEST}`],
	[`registry.example:5000/x:1@${DIGEST}`, 'registry.example:5000', `registry.example:5000/x@${DIGEST}`],
	['a__b/c-d.e---f:_X.y-z', 'docker.io', 'docker.io/a__b/c-d.e---f:_X.y-z'],
])('%s is of %s: %s', (text, registry, reference) => {
	const parsed = parseImageReference(text);
	expect(parsed).toMatchObject({ registry, reference });
	expect(parseImageReference(reference)).toEqual(parsed);
});

test.each([
	['', 'the name of the image is empty'],
	['Debian', 'Debian cannot be the name of an image: registries know no capital letters, write debian'],
	[
		'Team/App:V1',
		'Team/App:V1 cannot be the name of an image: registries know no capital letters, write team/app:V1',
	],
	['debian:', 'debian: cannot be the name of an image: the tag after the colon is empty'],
	['debian:-x', 'debian:-x cannot be the name of an image: -x cannot be a tag'],
	['debian:1:2', 'debian:1:2 cannot be the name of an image: 1:2 cannot be a tag'],
	['debian@', 'debian@ cannot be the name of an image: nothing follows the @'],
	[
		'debian@sha256:12',
		'debian@sha256:12 cannot be the name of an image: sha256:12 is no digest (sha256: and 64 hexadecimal digits)',
	],
	[`a@${DIGEST}@x`, `a@${DIGEST}@x cannot be the name of an image: there is more than one @ in it`],
	['a b', 'a b cannot be the name of an image: there are blanks in it'],
	['docker://debian', 'docker://debian begins with docker://, which has no place here'],
	['/debian', '/debian cannot be the name of an image: it begins with a /'],
	['a//b', 'a//b cannot be the name of an image: a//b cannot be a repository'],
	[
		'registry.example/',
		'registry.example/ cannot be the name of an image: registry.example/ cannot be a repository',
	],
	['-x.example/a', '-x.example/a cannot be the name of an image: -x.example cannot be a registry'],
	[':12', ':12 cannot be the name of an image: nothing cannot be a repository'],
	['deb!an', 'deb!an cannot be the name of an image: deb!an cannot be a repository'],
])('%j is refused', (text, message) => {
	expect(parseImageReference(text)).toBe(message);
});

test('what was normalised stays as it is', () => {
	const part = fc.stringMatching(/^[a-z0-9]{1,6}([._-][a-z0-9]{1,4})?$/);
	const registry = fc.constantFrom('', 'localhost/', 'registry.example/', 'registry:5000/', 'docker.io/');
	const end = fc.constantFrom('', ':latest', ':1.2', `@${DIGEST}`, `:x@${DIGEST}`);
	fc.assert(
		fc.property(registry, fc.array(part, { minLength: 1, maxLength: 3 }), end, (host, parts, tail) => {
			const parsed = parseImageReference(`${host}${parts.join('/')}${tail}`);
			if (typeof parsed === 'string') throw new Error(parsed);
			expect(parseImageReference(parsed.reference)).toEqual(parsed);
			expect(parsed.reference.startsWith(`${parsed.registry}/${parsed.repository}`)).toBe(true);
		}),
	);
});

test('any text is a reference that stays as it is, or is refused with a sentence', () => {
	fc.assert(
		fc.property(fc.string(), (text) => {
			const parsed = parseImageReference(text);
			if (typeof parsed === 'string') expect(parsed).not.toBe('');
			else expect(parseImageReference(parsed.reference)).toEqual(parsed);
		}),
		{ numRuns: 1000 },
	);
});
