import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeManifest } from '@olcf/container-builder-core/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectAll } from './support/collect.js';
import { ContextChannel, contextOf, file, tar } from './support/context-channel.js';
import { request, shell, startBuilder } from './support/start-builder.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

let directory: string;
beforeEach(async () => {
	if (!isRoot) return;
	directory = await mkdtemp(join(tmpdir(), 'cb-disk-test-'));
	await run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory]);
});
afterEach(async () => {
	if (!isRoot) return;
	await run('umount', ['-l', directory]);
	await rm(directory, { recursive: true });
});

describe.skipIf(!isRoot)('a full disk', () => {
	it('under the context ends the build as a limit', async () => {
		// Not zeros: they would take no room.
		const content = Buffer.alloc(32 * 2 ** 20, 'x');
		const manifest = makeManifest([file('large', content)]);
		const archive = await tar([{ name: 'large', mode: 0o644, content }]);
		await using builder = await startBuilder([shell('true')], { directory });
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ context: contextOf(manifest) }));
		const context = await ContextChannel.open(builder, manifest.digest);
		await context.reply();
		await context.sendManifest(manifest);
		await context.say({ type: 'archive', from: 0 });
		const sending = (async () => {
			for (let at = 0; at < archive.length; at += 2 ** 20) {
				await context.channel.send(archive.subarray(at, at + 2 ** 20));
			}
		})();
		sending.catch(() => {});
		expect(await context.reply()).toMatchObject({ type: 'failure', error: { code: 'resource-limit' } });
		expect((await client.state()).phase).toBe('failed');
	});

	it.each([
		['under the output', 'cat /dev/zero'],
		['under the image', 'exec cat /dev/zero > "$IMAGE"'],
		['under what the backend has left', 'cat /dev/zero > "$SCRATCH/x" 2> /dev/null; exit 1'],
		['that the backend has freed again', 'cat /dev/zero > "$SCRATCH/x"; rm "$SCRATCH/x"; exit 1'],
	])('%s does so, too', async (_, text) => {
		await using builder = await startBuilder([shell(text)], { directory });
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		expect((await collectAll(client.states())).at(-1)).toMatchObject({
			phase: 'failed',
			error: { code: 'resource-limit' },
		});
	});
});
