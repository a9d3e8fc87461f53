import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ChannelRequest, Peer } from '@olcf/container-builder-core';
import { describe, expect, test } from 'vitest';
import { Nonces } from '../src/authentication/nonces.js';
import { mungeAuthenticator } from '../src/index.js';
import { afterwards, temporaryDirectory, until } from './queue-site.js';

const run = promisify(execFile);
const hasMunge = existsSync('/usr/sbin/munged');
const SHOWN = 'a'.repeat(64);
const PEER: Peer = { address: '192.0.2.1', confidential: true, local: false, shownFingerprint: SHOWN };

/** A real munged with a key of its own: another one is another site. */
async function startMunged() {
	const directory = await temporaryDirectory();
	const at = (name: string): string => join(directory, name);
	await writeFile(at('key'), Buffer.alloc(128, directory), { mode: 0o600 });
	const files = ['key', 'pid', 'log', 'seed'].map((name) => `--${name}-file=${at(name)}`);
	const munged = spawn('munged', ['--foreground', '--force', `--socket=${at('socket')}`, ...files], {
		stdio: 'ignore',
	});
	const ended = new Promise((resolve) => munged.once('close', resolve));
	const end = async (): Promise<void> => {
		munged.kill();
		await ended;
	};
	afterwards(end);
	await until(() => existsSync(at('socket')));
	const sign = async (payload: unknown, ...options: string[]): Promise<string> => {
		const words = [`--socket=${at('socket')}`, ...options, '--string', JSON.stringify(payload)];
		return (await run('munge', words)).stdout.trim();
	};
	return { socket: at('socket'), sign, end };
}

describe.skipIf(!hasMunge)('the users of a site, by a real munged', () => {
	const asking = (token?: string): ChannelRequest => ({ channel: 'queue', version: 1, token });
	const site = async () => {
		const munged = await startMunged();
		const time = { now: Date.now() };
		const authenticator = mungeAuthenticator({ socket: munged.socket, now: () => time.now });
		const nonce = (): string => authenticator.challenge?.(PEER).split(' ')[1] ?? '';
		const who = (token?: string, peer = PEER) => authenticator.authenticate(asking(token), peer);
		const answer = (more: object = {}): object => ({
			for: 'container-builder',
			nonce: nonce(),
			fingerprint: SHOWN,
			...more,
		});
		return { ...munged, time, authenticator, nonce, who, answer };
	};

	test('are known by their account, with its groups, once for each answer', async () => {
		const { sign, who, answer } = await site();
		const credential = await sign(answer());
		const { username } = userInfo();
		const groups = (await run('id', ['-Gn'])).stdout.trim().split(' ');
		expect(await who(credential)).toEqual({ user: username, groups, method: 'munge' });
		await expect(who(credential)).rejects.toThrow(/it was used before/);
	});

	test('are not known by a nonce that was answered, is over, or is somebody else’s', async () => {
		const { sign, who, answer, nonce, time } = await site();
		const used = nonce();
		await who(await sign(answer({ nonce: used })));
		await expect(who(await sign(answer({ nonce: used })))).rejects.toThrow(
			/answers no question of this queue/,
		);
		const stale = nonce();
		time.now += 61_000;
		await expect(who(await sign(answer({ nonce: stale })))).rejects.toThrow(/answers no question/);
		const other = new Nonces({ lifetimeMs: 60_000, now: () => time.now });
		for (const forged of [other.make(), '', 'x', `${nonce()}=`]) {
			await expect(who(await sign(answer({ nonce: forged })))).rejects.toMatchObject({
				code: 'unauthenticated',
			});
		}
	});

	test('are not known by what was made for another certificate, or for something else', async () => {
		const { sign, who, answer, authenticator } = await site();
		await expect(who(await sign(answer({ fingerprint: 'b'.repeat(64) })))).rejects.toThrow(
			/for another queue/,
		);
		await expect(who(await sign(answer({ fingerprint: undefined })))).rejects.toThrow(/for another queue/);
		await expect(who(await sign(answer({ for: 'slurm' })))).rejects.toThrow(/for something else/);
		await expect(who(await sign(answer({ more: 1 })))).rejects.toThrow(/for something else/);
		const local: Peer = { address: 'unix', confidential: true, local: true };
		const credential = await sign({
			for: 'container-builder',
			nonce: authenticator.challenge?.(local).split(' ')[1],
		});
		expect(await who(credential, local)).toMatchObject({ method: 'munge' });
	});

	test('are not known by another site’s munged, nor unencrypted, nor by what is no credential', async () => {
		const { sign, who, answer } = await site();
		const elsewhere = await startMunged();
		const foreign = await elsewhere.sign(answer());
		await expect(who(foreign)).rejects.toMatchObject({
			code: 'unauthenticated',
			message: expect.stringContaining('none of this site'),
		});
		await expect(who('MUNGE:abc:')).rejects.toThrow(/none of this site/);
		await expect(who(await sign(answer()), { ...PEER, confidential: false })).rejects.toThrow(/unencrypted/);
		expect(await who('cbt_x')).toBeUndefined();
		expect(await who()).toBeUndefined();
		await expect(who(await sign(answer(), '--restrict-uid=54321'))).rejects.toThrow(/for somebody else/);
	});

	test('may come again when munged is away', async () => {
		const { sign, who, answer, end } = await site();
		const credential = await sign(answer());
		await end();
		await expect(who(credential)).rejects.toMatchObject({ code: 'busy' });
	});
});

test('a nonce that was used is forgotten when it would be over', () => {
	const time = { now: 1_000 };
	const nonces = new Nonces({ lifetimeMs: 100, now: () => time.now });
	const first = nonces.make();
	expect(nonces.use(first)).toBe(true);
	expect(nonces.use(first)).toBe(false);
	time.now += 100;
	expect(nonces.use(first)).toBe(false);
	expect(nonces.use(nonces.make())).toBe(true);
});
