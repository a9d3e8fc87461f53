import { describe, expect, test } from 'vitest';
import { claimValues, unmetClaim } from '../src/authentication/claim-rules.js';

const CLAIMS = {
	sub: 'project_path:olcf/images:ref_type:branch:ref:main',
	project_path: 'olcf/images',
	ref_protected: 'true',
	groups: ['staff', 'hpc'],
	realm_access: { roles: ['builder', 'user'] },
	'https://site.example/team': 'a.b',
	level: 3,
	nothing: null,
};

describe('the values of a claim', () => {
	test.each([
		['project_path', ['olcf/images']],
		['groups', ['staff', 'hpc']],
		['realm_access.roles', ['builder', 'user']],
		['https://site.example/team', ['a.b']],
		['level', ['3']],
		['nothing', []],
		['missing', []],
		['realm_access', []],
		['realm_access.roles.length', []],
		['constructor', []],
		['__proto__.polluted', []],
	])('%s', (path, values) => {
		expect(claimValues(CLAIMS, path)).toEqual(values);
	});
});

describe('what is required', () => {
	test.each<[Record<string, string | string[]>, string | undefined]>([
		[{}, undefined],
		[{ project_path: 'olcf/images' }, undefined],
		[{ project_path: 'olcf/*' }, undefined],
		[{ project_path: '*' }, undefined],
		[{ project_path: ['other/*', 'olcf/*'] }, undefined],
		[{ groups: 'hpc', ref_protected: 'true', level: '3' }, undefined],
		[{ project_path: 'olcf' }, 'project_path'],
		[{ project_path: 'olcf.images' }, 'project_path'],
		[{ project_path: 'ol?f/*' }, 'project_path'],
		[{ groups: 'hpc', ref_protected: 'false' }, 'ref_protected'],
		[{ missing: '*' }, 'missing'],
		[{ project_path: [] }, 'project_path'],
	])('%j', (required, unmet) => {
		expect(unmetClaim(CLAIMS, required)).toBe(unmet);
	});
});
