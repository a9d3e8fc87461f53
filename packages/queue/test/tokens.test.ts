import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChannelRequest, Peer } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';
import { authenticate } from '../src/authentication/authenticate.js';
import { changeTokens } from '../src/authentication/change-tokens.js';
import { configuredAuthenticators } from '../src/authentication/configured-authenticators.js';
import { tokenCommand } from '../src/authentication/token-command.js';
import { tokensAuthenticator } from '../src/index.js';
import { temporaryDirectory } from './queue-site.js';

const DAY_MS = 86_400_000;
const PEER: Peer = { address: '192.0.2.1', confidential: true, local: false };
const asking = (token?: string): ChannelRequest => ({ channel: 'queue', version: 1, token });

async function site() {
	const file = join(await temporaryDirectory(), 'tokens.json');
	const time = { now: Date.parse('2026-01-01T00:00:00Z') };
	const authenticator = tokensAuthenticator({ file, now: () => time.now });
	const command = async (words: readonly string[], more: { groups?: string[]; expiresMs?: number } = {}) => {
		let said = '';
		await tokenCommand({
			...{ words, file, groups: more.groups ?? [], expiresMs: more.expiresMs, now: time.now },
			write: (text) => {
				said += text;
			},
		});
		return said.trimEnd();
	};
	const who = (token?: string, peer = PEER) => authenticator.authenticate(asking(token), peer);
	return { file, time, command, who };
}

test('a token is known as soon as it is made, and not any more when it is taken back', async () => {
	const { file, command, who } = await site();
	expect(await who('cbt')).toBeUndefined();
	const token = await command(['add', 'alice'], { groups: ['staff'] });
	expect(token).toMatch(/^cbt_[a-z2-7]{12}_[\w-]{43}$/);
	expect(await who(token)).toEqual({ user: 'alice', groups: ['staff'], method: 'tokens' });
	const bobs = await command(['add', 'bob']);
	expect(await who(bobs)).toMatchObject({ user: 'bob' });
	const [, id = ''] = token.split('_');
	expect(await command(['list'])).toMatch(
		new RegExp(`^${id}  alice  made 2026-01-01, expires never; groups: staff\\n\\S+  bob  made .*$`),
	);
	expect(await command(['remove', id])).toContain('alice');
	await expect(who(token)).rejects.toMatchObject({
		code: 'unauthenticated',
		message: 'the token is not known here',
	});
	expect(await who(bobs)).toMatchObject({ user: 'bob' });
	await expect(command(['remove', id])).rejects.toMatchObject({ code: 'not-found' });
	expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('what is kept does not let anybody in', async () => {
	const { file, command, who } = await site();
	const token = await command(['add', 'alice']);
	const [, id = '', secret = ''] = token.split(/_(.{12})_/);
	const text = await readFile(file, 'utf8');
	expect(text).not.toContain(secret);
	const [kept] = JSON.parse(text).tokens;
	await expect(who(`cbt_${id}_${kept.hash.slice(0, 43)}`)).rejects.toMatchObject({ code: 'unauthenticated' });
	await expect(who(`cbt_${id}_${kept.salt}`)).rejects.toMatchObject({ code: 'unauthenticated' });
	const other = await command(['add', 'bob']);
	await expect(who(`cbt_${id}_${other.slice(17)}`)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a token expires, and one that came unencrypted over a network is not taken', async () => {
	const { time, command, who } = await site();
	const token = await command(['add', 'alice'], { expiresMs: DAY_MS });
	await expect(who(token, { ...PEER, confidential: false })).rejects.toThrow(/unencrypted/);
	expect(await who(token, { ...PEER, confidential: false, local: true })).toMatchObject({ user: 'alice' });
	time.now += DAY_MS - 1;
	expect(await who(token)).toMatchObject({ user: 'alice' });
	time.now += 1;
	await expect(who(token)).rejects.toThrow('the token of alice has expired on 2026-01-02');
	expect(await command(['list'])).toContain('expires 2026-01-02 (over)');
});

test('other credentials are for others', async () => {
	const { who } = await site();
	for (const token of [undefined, 'eyJhbGciOiJub25lIn0.e30.', 'MUNGE:AwQFAAA=:', 'something']) {
		expect(await who(token)).toBeUndefined();
	}
	await expect(who('cbt_too-short')).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a file that is none of ours is told, and stays as it is', async () => {
	const { file, command, who } = await site();
	const token = await command(['add', 'alice']);
	await writeFile(file, '{"version": 2}');
	await expect(who(token)).rejects.toMatchObject({ code: 'invalid-configuration' });
	await expect(command(['add', 'bob'])).rejects.toThrow('it is no file of tokens');
	expect(await readFile(file, 'utf8')).toBe('{"version": 2}');
});

test('of two who change it at once, none is lost unheard', async () => {
	const { file, command } = await site();
	await expect(
		changeTokens(file, (tokens) => {
			void command(['add', 'bob']).catch(() => {});
			return tokens;
		}),
	).resolves.toBeUndefined();
	const outcomes = await Promise.allSettled(
		Array.from({ length: 8 }, (_, index) => command(['add', `user-${index}`])),
	);
	const made = outcomes.filter(({ status }) => status === 'fulfilled').length;
	expect(made).toBeGreaterThan(0);
	expect(JSON.parse(await readFile(file, 'utf8')).tokens).toHaveLength(made);
	for (const outcome of outcomes) {
		if (outcome.status === 'rejected')
			expect(outcome.reason.message).toMatch(/being changed by another process/);
	}
});

test.each([
	[[]],
	[['add']],
	[['add', 'a', 'b']],
	[['list', 'all']],
	[['remove']],
	[['make', 'alice']],
	[['add', 'al\nice']],
	[['add', '']],
])('%j is refused with what to do', async (words) => {
	const { command } = await site();
	await expect(command(words)).rejects.toMatchObject({ code: 'invalid-option' });
});

test('where users are asked who they are, `insecure` lets nobody in without an answer', async () => {
	const { file, command } = await site();
	const token = await command(['add', 'alice']);
	const { signal } = new AbortController();
	const who = async (authentication: object | undefined, secret?: string) =>
		await authenticate(
			await configuredAuthenticators({ authentication, insecure: true }),
			{ request: asking(secret), peer: PEER },
			signal,
		);
	await expect(who({ tokens: { file } })).rejects.toMatchObject({ code: 'unauthenticated' });
	await expect(who({ munge: {} })).rejects.toMatchObject({ code: 'unauthenticated' });
	expect(await who({ tokens: { file } }, token)).toMatchObject({ user: 'alice' });
	expect(await who(undefined)).toMatchObject({ user: 'anonymous' });
});
