import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContextManifest } from '@olcf/container-builder-core';
import { makeManifest } from '@olcf/container-builder-core/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	ContextChannel,
	contextOf,
	directory,
	file,
	link,
	type TarEntry,
	tar,
	uncheckedManifest,
} from './support/context-channel.js';
import { request, startBuilder } from './support/start-builder.js';

let outside: string;
beforeEach(async () => {
	outside = await mkdtemp(join(tmpdir(), 'cb-outside-'));
});
afterEach(async () => {
	await rm(outside, { recursive: true });
});

/** Sends it, and expects that the build fails with this code. */
async function refused(manifest: ContextManifest, archive: Uint8Array, code: string): Promise<void> {
	await using builder = await startBuilder();
	await builder.lease();
	const client = builder.connect();
	await client.start(request({ context: contextOf(manifest) }));
	const context = await ContextChannel.open(builder, manifest.digest);
	expect(await context.sendAll(manifest, archive)).toMatchObject({ type: 'failure', error: { code } });
	expect(await client.state()).toMatchObject({ phase: 'failed', backendStarted: false, error: { code } });
	const again = await ContextChannel.open(builder, manifest.digest);
	expect(await again.reply()).toMatchObject({ type: 'failure', error: { code } });
}

const hello: TarEntry = { name: 'hello', mode: 0o644, content: 'hello' };
const honest = (): ContextManifest => makeManifest([file('hello', 'hello')]);

describe('an archive that is not its manifest’s', () => {
	it.each<[string, readonly TarEntry[], string]>([
		['has one entry more', [hello, { name: 'more', content: '' }], 'protocol'],
		['has one twice', [hello, hello], 'protocol'],
		['lacks one', [], 'protocol'],
		['has other bytes', [{ ...hello, content: 'HELLO' }], 'digest-mismatch'],
		['has more bytes', [{ ...hello, content: 'hello!' }], 'protocol'],
		['has another mode', [{ ...hello, mode: 0o4755 }], 'protocol'],
		['has a directory for a file', [{ name: 'hello', type: 'directory', mode: 0o644 }], 'protocol'],
		[
			'has a link for a file',
			[{ name: 'hello', type: 'symlink', linkname: '/etc', mode: 0o644 }],
			'protocol',
		],
		['has a hard link', [{ name: 'hello', type: 'link', linkname: '/etc/passwd', mode: 0o644 }], 'protocol'],
		['has a device', [{ name: 'hello', type: 'character-device', mode: 0o644, devmajor: 1 }], 'protocol'],
		['has a pipe', [{ name: 'hello', type: 'fifo', mode: 0o644 }], 'protocol'],
	])('%s', async (_, entries, code) => {
		await refused(honest(), await tar(entries), code);
	});

	it('names a file outside', async () => {
		for (const name of [`${outside}/pwned`, `../../../../../../..${outside}/pwned`]) {
			await refused(honest(), await tar([{ ...hello, name }]), 'protocol');
		}
		await expect(access(`${outside}/pwned`)).rejects.toThrow();
	});

	it('is no archive', async () => {
		await refused(honest(), Buffer.alloc(2048, 'x'), 'protocol');
	});

	it('ends in the middle', async () => {
		await refused(honest(), (await tar([hello])).subarray(0, 514), 'protocol');
	});

	it('is longer than its manifest can explain', async () => {
		await refused(honest(), Buffer.alloc(3_000_000), 'protocol');
	});

	it('is shorter than was said', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		const manifest = honest();
		await client.start(request({ context: contextOf(manifest) }));
		const context = await ContextChannel.open(builder, manifest.digest);
		await context.reply();
		await context.sendManifest(manifest);
		await context.say({ type: 'archive', from: 0 });
		const archive = await tar([hello]);
		await context.channel.send(archive);
		await context.say({ type: 'end', size: archive.length + 1 });
		expect(await context.reply()).toMatchObject({ type: 'failure', error: { code: 'protocol' } });
	});
});

describe('a manifest', () => {
	it.each<[string, ContextManifest]>([
		['with a path that leaves', uncheckedManifest([file('../pwned', 'x')])],
		['with an absolute path', uncheckedManifest([file('/tmp/pwned', 'x')])],
		['with a link to an absolute path', makeManifest([link('a', '/etc')])],
		['with a link that leaves', makeManifest([link('a', '../x')])],
		[
			'with a link that leaves by way of another',
			makeManifest([directory('a'), link('a/up', '..'), link('a/z', 'up/../x')]),
		],
		['with a file below a link', uncheckedManifest([link('a', '.'), file('a/b', 'x')])],
		['with a file below a file', uncheckedManifest([file('a', 'x'), file('a/b', 'x')])],
		['with one path twice', uncheckedManifest([file('a', 'x'), file('a', 'x')])],
	])('%s is refused', async (_, manifest) => {
		await refused(manifest, new Uint8Array(1024), 'protocol');
	});

	it('that is another than was announced is refused', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		const manifest = honest();
		await client.start(request({ context: contextOf(manifest) }));
		const context = await ContextChannel.open(builder, manifest.digest);
		const reply = await context.sendAll(makeManifest([file('hello', 'HELLO')]), new Uint8Array(1024));
		expect(reply).toMatchObject({ type: 'failure', error: { code: 'digest-mismatch' } });
	});

	it('with links that stay inside is fine', async () => {
		const manifest = makeManifest([
			directory('a'),
			link('a/self', '.'),
			link('a/up', '..'),
			link('b', 'a/up/a/self'),
		]);
		await using builder = await startBuilder();
		await builder.lease();
		await builder.connect().start(request({ context: contextOf(manifest) }));
		const context = await ContextChannel.open(builder, manifest.digest);
		const archive = await tar([
			{ name: 'a', type: 'directory', mode: 0o755 },
			{ name: 'a/self', type: 'symlink', mode: 0o777, linkname: '.' },
			{ name: 'a/up', type: 'symlink', mode: 0o777, linkname: '..' },
			{ name: 'b', type: 'symlink', mode: 0o777, linkname: 'a/up/a/self' },
		]);
		expect(await context.sendAll(manifest, archive)).toEqual({ type: 'verified' });
	});
});

describe('frames out of order', () => {
	it('end the channel, and leave the build as it was', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		const manifest = honest();
		await client.start(request({ context: contextOf(manifest) }));
		for (const message of [{ type: 'archive', from: 0 }, { type: 'end', size: 0 }, { type: 'what' }]) {
			const context = await ContextChannel.open(builder, manifest.digest);
			await context.reply();
			await context.say(message);
			expect(await context.reply()).toMatchObject({ type: 'failure', error: { code: 'protocol' } });
		}
		const gzip = await ContextChannel.open(builder, manifest.digest, ['gzip']);
		await gzip.reply();
		await gzip.sendManifest(manifest);
		await gzip.say({ type: 'archive', from: 0 });
		await gzip.channel.send(Buffer.from('this is not gzip'));
		expect(await gzip.reply()).toMatchObject({ type: 'failure', error: { code: 'protocol' } });
		expect((await client.state()).phase).toBe('uploading');
	});
});
