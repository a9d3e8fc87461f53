import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from './support/collect.js';
import { request, shell, startBuilder } from './support/start-builder.js';

let directory: string;
beforeEach(async () => {
	directory = await mkdtemp(join(tmpdir(), 'cb-output-test-'));
});
afterEach(async () => {
	await rm(directory, { recursive: true });
});

describe('output', () => {
	it('passes every byte on unchanged', async () => {
		const text = Buffer.from('äöü€𝄞 \u001b[31mred\u001b[0m\r50 %\r100 %\n');
		const bytes = Buffer.concat([...Array.from({ length: 5000 }, () => text), randomBytes(100_000)]);
		await writeFile(join(directory, 'bytes'), bytes);
		await using builder = await startBuilder([shell(`cat ${directory}/bytes; cp "$DEFINITION" "$IMAGE"`)]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		expect((await collect(client.output())).equals(bytes)).toBe(true);
	});

	it('keeps the order of the two outputs, and both can be opened by name', async () => {
		await using builder = await startBuilder([
			shell('for i in 1 2 3; do echo out $i; echo err $i >&2; echo dev $i > /dev/stderr; done'),
		]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		const lines = [1, 2, 3].flatMap((i) => [`out ${i}`, `err ${i}`, `dev ${i}`]);
		expect((await collect(client.output())).toString()).toBe(`${lines.join('\n')}\n`);
	});

	it('gives the backend no input and no secrets of the daemon', async () => {
		process.env.DAEMON_SECRET = 'must-not-be-seen';
		await using builder = await startBuilder([shell('env; cat; readlink /proc/self/fd/0')]);
		delete process.env.DAEMON_SECRET;
		await builder.lease();
		const client = builder.connect();
		await client.start(request());
		const output = (await collect(client.output())).toString();
		expect(output).not.toContain('must-not-be-seen');
		expect(output.trimEnd().split('\n').at(-1)).toBe('/dev/null');
	});

	it('is there for any watcher from any offset, also while it grows and afterwards', async () => {
		await using builder = await startBuilder([
			shell(`seq 1 1000; while [ ! -e ${directory}/go ]; do sleep 0.01; done; seq 1001 2000; exit 3`),
		]);
		await builder.lease();
		const all = Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join('');
		const client = builder.connect();
		await client.start(request());
		const watchers = [0, 1, 17, 4000, 8000].map(async (from) => {
			const text = (await collect(builder.connect().output({ from }))).toString();
			expect(text).toBe(all.slice(from));
		});
		const first = client.output()[Symbol.asyncIterator]();
		expect((await first.next()).done).toBe(false);
		await writeFile(join(directory, 'go'), '');
		await Promise.all(watchers);
		expect((await collect(client.output({ from: 8888 }))).toString()).toBe(all.slice(8888));
		expect((await collect(client.output({ from: all.length }))).toString()).toBe('');
		await expect(collect(client.output({ from: all.length + 1 }))).rejects.toMatchObject({
			code: 'transfer-failed',
		});
		await first.return?.();
	});

	it('does not wait for a watcher that does not read', async () => {
		await using builder = await startBuilder([
			shell('head -c 20000000 /dev/zero; cp "$DEFINITION" "$IMAGE"'),
		]);
		await builder.lease();
		const { transport, url, token } = builder;
		const idle = await transport.connect({ url }, { channel: 'output', version: 1, token });
		await idle.send(JSON.stringify({ type: 'open', from: 0 }));
		const client = builder.connect();
		await client.start(request());
		let end: unknown;
		for await (const event of client.states()) if (event.type === 'end') end = event.phase;
		expect(end).toBe('built');
		expect((await client.state()).outputBytes).toBe(20_000_000);
		idle.abort('enough');
	});

	it('ends the build at its limit, and keeps what is below', async () => {
		await using builder = await startBuilder([
			shell('trap "exit 0" TERM; while :; do echo 0123456789; done'),
		]);
		await builder.lease();
		const client = builder.connect();
		await client.start(request({ limits: { outputBytes: 100_000 } }));
		expect(await collect(client.output())).toHaveLength(100_000);
		expect((await client.state()).error).toMatchObject({ code: 'output-limit' });
	});

	it('is empty where the backend was never started', async () => {
		await using builder = await startBuilder();
		await builder.lease();
		const client = builder.connect();
		const reading = collect(client.output());
		await client.cancel();
		expect(await reading).toHaveLength(0);
		expect((await client.state()).phase).toBe('canceled');
	});
});
