import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSiteLogins } from '../src/site-logins.js';
import { temporaryDirectory } from './queue-site.js';

const AUTH = JSON.stringify({
	auths: {
		'registry.example': { auth: Buffer.from('site:only-the-site-knows').toString('base64') },
		'registry.example/team': { auth: Buffer.from('team:x:y').toString('base64') },
		'https://index.docker.io/v1/': { identitytoken: 'a-token', auth: 'PHRva2VuPjo=' },
	},
});

async function file(text: string, mode = 0o600): Promise<string> {
	const path = join(await temporaryDirectory(), 'auth.json');
	await writeFile(path, text);
	await chmod(path, mode);
	return path;
}

async function mistakeIn(path: string): Promise<{ message: string; hint?: string }> {
	try {
		await readSiteLogins(path);
	} catch (error) {
		expect(error).toMatchObject({ code: 'invalid-configuration', exitCode: 2 });
		expect(JSON.stringify(error)).not.toMatch(/only-the-site-knows|a-token/);
		return error as Error & { hint?: string };
	}
	throw new Error('there was no mistake');
}

describe('the file of registry logins', () => {
	it.each([0o600, 0o400, 0o640])('is read with mode %o', async (mode) => {
		expect(await readSiteLogins(await file(AUTH, mode))).toEqual([
			{ registry: 'registry.example', username: 'site', password: 'only-the-site-knows' },
			{ registry: 'registry.example/team', username: 'team', password: 'x:y' },
			{ registry: 'docker.io', identityToken: 'a-token' },
		]);
	});

	it.each([0o644, 0o602])('is refused with mode %o: others get to it', async (mode) => {
		const path = await file(AUTH, mode);
		const { message, hint } = await mistakeIn(path);
		expect(message).toBe(`everybody on this machine could use the logins in ${path}`);
		expect(hint).toBe(`Keep it from others: chmod o= ${path}`);
	});

	it.each([
		['no JSON', AUTH.slice(0, -3), /auth\.json: .*not JSON/],
		['nothing in it', '{}', /auth\.json has no login in it/],
		['a program to ask', '{"credsStore":"pass"}', /leaves logins to the program docker-credential-pass/],
		['one for one registry', '{"credHelpers":{"r.example":"gcloud"}}', /docker-credential-gcloud/],
	])('is refused with %s', async (_name, text, expected) => {
		expect((await mistakeIn(await file(text))).message).toMatch(expected);
	});

	it('must be there', async () => {
		const path = join(await temporaryDirectory(), 'missing.json');
		expect((await mistakeIn(path)).message).toContain(`${path} cannot be read`);
		expect((await mistakeIn(await temporaryDirectory())).message).toMatch(/cannot be read|everybody/);
	});
});
