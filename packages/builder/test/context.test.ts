import { randomBytes, randomInt } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { directoryContext } from '@olcf/container-builder-core';
import { makeManifest } from '@olcf/container-builder-core/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from './support/collect.js';
import {
	ContextChannel,
	contextOf,
	directory,
	file,
	hardLink,
	link,
	sha256,
	tar,
} from './support/context-channel.js';
import { request, shell, startBuilder } from './support/start-builder.js';

let root: string;
beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'cb-context-test-'));
});
afterEach(async () => {
	await rm(root, { recursive: true });
});

/** Leaves what it was given behind, to be looked at. */
const keep = (): ReturnType<typeof shell> => shell(`cp -a . "${root}/got"; cp "$DEFINITION" "$IMAGE"`);

describe('a context', () => {
	it('arrives with its modes and links, compressed or not', async () => {
		const content = randomBytes(300_000);
		const entries = [
			directory('a', 0o755),
			directory('a/locked', 0o555),
			file('a/locked/data', content, 0o600),
			file('a/run.sh', '#!/bin/sh\n', 0o755),
			link('b', 'a/run.sh'),
			hardLink('c', 'a/run.sh', 0o755),
			file('ä€/name with spaces', 'x', 0o644),
		];
		const manifest = makeManifest(entries);
		const archive = await tar([
			{ name: 'a', type: 'directory', mode: 0o755 },
			{ name: 'a/locked', type: 'directory', mode: 0o555 },
			{ name: 'a/locked/data', mode: 0o600, content },
			{ name: 'a/run.sh', mode: 0o755, content: '#!/bin/sh\n' },
			{ name: 'b', type: 'symlink', mode: 0o777, linkname: 'a/run.sh' },
			{ name: 'c', type: 'link', mode: 0o755, linkname: 'a/run.sh' },
			{ name: 'ä€/name with spaces', mode: 0o644, content: 'x' },
		]);
		await using builder = await startBuilder([keep()]);
		await builder.lease();
		const client = builder.connect();
		expect((await client.start(request({ context: contextOf(manifest) }))).phase).toBe('uploading');
		const context = await ContextChannel.open(builder, manifest.digest, ['gzip', 'identity']);
		expect(await context.reply()).toEqual({ type: 'have', manifest: false, offset: 0, encoding: 'gzip' });
		await context.sendManifest(manifest);
		await context.say({ type: 'archive', from: 0 });
		for (let at = 0; at < archive.length; at += 100_000) {
			await context.channel.send(gzipSync(archive.subarray(at, at + 100_000)));
		}
		await context.say({ type: 'end', size: archive.length });
		expect(await context.reply()).toEqual({ type: 'verified' });
		await collect(client.output());
		expect((await readFile(`${root}/got/a/locked/data`)).equals(content)).toBe(true);
		expect((await lstat(`${root}/got/a/locked`)).mode & 0o7777).toBe(0o555);
		expect((await lstat(`${root}/got/a/locked/data`)).mode & 0o7777).toBe(0o600);
		expect((await lstat(`${root}/got/a/run.sh`)).mode & 0o7777).toBe(0o755);
		expect(await readlink(`${root}/got/b`)).toBe('a/run.sh');
		expect((await lstat(`${root}/got/c`)).ino).toBe((await lstat(`${root}/got/a/run.sh`)).ino);
		expect(await readFile(`${root}/got/ä€/name with spaces`, 'utf8')).toBe('x');

		const again = await ContextChannel.open(builder, manifest.digest);
		expect(await again.reply()).toEqual({ type: 'verified' });
	});

	it('goes on where a connection broke, at whatever byte', async () => {
		await mkdir(`${root}/source/deep`, { recursive: true });
		for (let index = 0; index < 20; index++) {
			await writeFile(`${root}/source/deep/${index}`, randomBytes(randomInt(0, 200_000)));
		}
		await symlink('deep/7', `${root}/source/link`);
		const source = directoryContext({ root: `${root}/source` });
		const manifest = await source.manifest();
		const archive = await collect(source.archive());

		await using builder = await startBuilder([keep()]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ context: contextOf(manifest) }));
		let have = { manifest: false, offset: 0 };
		for (let cut = 0; cut < 15; cut++) {
			const context = await ContextChannel.open(builder, manifest.digest);
			const reply = await context.reply();
			if (reply.type !== 'have') throw new Error(reply.type);
			expect(reply.manifest).toBe(cut > 0);
			expect(reply.offset).toBeGreaterThanOrEqual(have.offset);
			have = reply;
			if (!reply.manifest) await context.sendManifest(manifest);
			await context.say({ type: 'archive', from: have.offset });
			const until = Math.min(archive.length, have.offset + randomInt(1, Math.floor(archive.length / 12)));
			for (let at = have.offset; at < until; at += 65_536) {
				await context.channel.send(archive.subarray(at, Math.min(until, at + 65_536)));
			}
			context.channel.abort('cut');
		}
		expect(have.offset).toBeGreaterThan(0);
		await client.context(source);
		await collect(client.output());
		for (let index = 0; index < 20; index++) {
			const [sent, got] = await Promise.all(
				['source', 'got'].map((name) => readFile(`${root}/${name}/deep/${index}`)),
			);
			expect(got?.equals(sent as Buffer)).toBe(true);
		}
		expect(await readlink(`${root}/got/link`)).toBe('deep/7');
		const events = [];
		for await (const event of client.states()) if (event.type === 'context') events.push(event.receivedBytes);
		expect(events.length).toBeLessThanOrEqual(21);
		expect(events.at(-1)).toBe(manifest.size);
	});

	it('a new channel takes the place of one that hangs', async () => {
		const manifest = makeManifest([file('a', 'hello')]);
		const archive = await tar([{ name: 'a', mode: 0o644, content: 'hello' }]);
		await using builder = await startBuilder();
		await builder.lease();
		await builder.connect().start(request({ context: contextOf(manifest) }));
		const first = await ContextChannel.open(builder, manifest.digest);
		await first.reply();
		const second = await ContextChannel.open(builder, manifest.digest);
		expect(await second.sendAll(manifest, archive)).toEqual({ type: 'verified' });
		expect((await first.channel.closed).code).toBe('lost');
	});

	it('is refused where it is larger than this builder takes', async () => {
		for (const limits of [{ contextBytes: 9 }, { contextEntries: 1 }]) {
			await using builder = await startBuilder([shell('true')], { limits });
			const manifest = makeManifest([file('a', 'hello'), file('b', 'hello')]);
			await builder.lease();
			await expect(builder.connect().start(request({ context: contextOf(manifest) }))).rejects.toMatchObject({
				code: 'size-limit',
			});
		}
	});

	it('is not taken before the build was started, nor for another one', async () => {
		const manifest = makeManifest([file('a', 'hello')]);
		await using builder = await startBuilder();
		await builder.lease();
		const early = await ContextChannel.open(builder, manifest.digest);
		expect(await early.reply()).toMatchObject({ type: 'failure', error: { code: 'protocol' } });
		const client = builder.connect();
		await client.start(request({ context: contextOf(manifest) }));
		const wrong = await ContextChannel.open(builder, sha256('another'));
		expect(await wrong.reply()).toMatchObject({ type: 'failure', error: { code: 'digest-mismatch' } });
		expect((await client.state()).phase).toBe('uploading');
	});
});
