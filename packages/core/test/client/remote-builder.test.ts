import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
	type BuilderEvent,
	type BuildRequest,
	ContainerBuilderError,
	type ContextSource,
	connectBuilder,
	directoryContext,
	RemoteBuilder,
} from '@olcf/container-builder-core';
import { type MemoryTransport, memoryTransport } from '@olcf/container-builder-testing';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { digestOf, ScriptedBuilder, TOKEN } from '../fixtures/scripted-builder.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const REQUEST: BuildRequest = {
	buildId: 'build-0001',
	definition: 'Bootstrap: scratch\n',
	kind: 'apptainer',
	format: 'sif',
	architecture: 'amd64',
	arguments: {},
	labels: {},
};

async function makePair(options: { readonly reconnectMs?: number } = {}) {
	const transport = memoryTransport();
	const daemon = await ScriptedBuilder.listen(transport, 'builder-1');
	const builder = remote(transport, options);
	onTestFinished(async () => {
		await builder.close();
		await daemon.close();
	});
	return { transport, daemon, builder };
}

function remote(transport: MemoryTransport, options: { readonly reconnectMs?: number; token?: string } = {}) {
	return new RemoteBuilder({
		id: 'builder-1',
		transports: [transport],
		endpoint: { url: 'memory:builder-1' },
		token: TOKEN,
		reconnectMs: 2_000,
		firstDelayMs: 1,
		...options,
	});
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for await (const chunk of chunks) parts.push(chunk);
	return Buffer.concat(parts);
}

test('info, start, state, resize, cancel', async () => {
	const { daemon, builder } = await makePair();
	expect(await builder.info()).toEqual(daemon.info);
	expect((await builder.start(REQUEST)).phase).toBe('leased');
	expect(daemon.request).toEqual(REQUEST);
	expect((await builder.state()).outputBytes).toBe(0);
	await builder.resize({ columns: 80, rows: 24 });
	await builder.cancel({ force: true });
	expect(daemon.resizes).toEqual([{ columns: 80, rows: 24 }]);
	expect(daemon.cancels).toEqual([true]);
	expect(daemon.opened).toEqual(['build']);
});

test('an image that is cut at random offsets arrives the same to the bit', async () => {
	const { daemon, builder } = await makePair();
	const image = randomBytes(700_000);
	daemon.built(image);
	await fc.assert(
		fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 8 }), async (cuts) => {
			const left = [...cuts];
			daemon.cutAfter = () => left.shift();
			const stream = await builder.image();
			expect(stream).toMatchObject({ from: 0, ...digestOf(image) });
			expect(image.equals(await gather(stream.chunks))).toBe(true);
		}),
		{ numRuns: 25 },
	);
});

test('an image from some byte on', async () => {
	const { daemon, builder } = await makePair();
	const image = randomBytes(200_000);
	daemon.built(image);
	daemon.cutAfter = (() => {
		const cuts = [70_000];
		return () => cuts.shift();
	})();
	const stream = await builder.image({ from: 123_456 });
	expect(stream).toMatchObject({ from: 123_456, ...digestOf(image) });
	expect(image.subarray(123_456).equals(await gather(stream.chunks))).toBe(true);
});

test('bytes that are not those that were announced are refused', async () => {
	const { daemon, builder } = await makePair();
	daemon.imageDigest = { size: 5, sha256: '0'.repeat(64) };
	daemon.built(Buffer.from('image'));
	const { chunks } = await builder.image();
	await expect(gather(chunks)).rejects.toMatchObject({ code: 'digest-mismatch' });
});

test('a builder that announces another image after a cut is refused', async () => {
	const { daemon, builder } = await makePair();
	daemon.built(randomBytes(200_000));
	let opened = 0;
	daemon.cutAfter = () => {
		if (opened++ === 1) daemon.imageDigest = { size: 200_000, sha256: 'a'.repeat(64) };
		return opened < 3 ? 50_000 : undefined;
	};
	const { chunks } = await builder.image();
	await expect(gather(chunks)).rejects.toMatchObject({
		code: 'digest-mismatch',
		message: expect.stringContaining('changed what it said'),
	});
});

test('output is followed while it is written, over broken connections', async () => {
	const { transport, daemon, builder } = await makePair();
	daemon.begin();
	const reading = gather(builder.output());
	for (let line = 0; line < 50; line++) {
		daemon.print(`line ${line}\n`);
		if (line % 7 === 0) transport.breakChannels({ channel: 'output' });
		await new Promise((resolve) => setImmediate(resolve));
	}
	daemon.backendEnd(0);
	expect((await reading).toString()).toBe(Array.from({ length: 50 }, (_, line) => `line ${line}\n`).join(''));
});

test('events are numbered, and go on after the last one', async () => {
	const { transport, daemon, builder } = await makePair();
	const seen: BuilderEvent[] = [];
	daemon.begin();
	const reading = (async () => {
		for await (const event of builder.states()) {
			seen.push(event);
			if (event.type === 'backend-start') {
				transport.breakChannels({ channel: 'build' });
				daemon.backendEnd(0);
				daemon.built(Buffer.from('image'));
			}
		}
	})();
	await reading;
	expect(seen.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
	expect(seen.at(-1)?.type).toBe('end');
	const rest: BuilderEvent[] = [];
	for await (const event of builder.states({ after: 4 })) rest.push(event);
	expect(rest).toEqual(seen.slice(4));
});

test('slow readers of events do not hold up the calls', async () => {
	const { daemon, builder } = await makePair();
	for (let number = 0; number < 1000; number++)
		daemon.emit({ type: 'context', receivedBytes: number, size: 2000 });
	const events = builder.states()[Symbol.asyncIterator]();
	await events.next();
	expect((await builder.info()).builderId).toBe('builder-1');
	await events.return?.();
});

test('a call is repeated over a new connection', async () => {
	const { transport, builder } = await makePair();
	await builder.info();
	const asking = builder.info();
	transport.breakChannels();
	expect((await asking).builderId).toBe('builder-1');
});

test('what never answers is lost after a while', async () => {
	const { transport, builder } = await makePair({ reconnectMs: 60 });
	transport.setReachable('memory:builder-1', false);
	await expect(builder.info()).rejects.toMatchObject({
		code: 'builder-lost',
		cause: { code: 'builder-unreachable' },
	});
	await expect(gather(builder.output())).rejects.toMatchObject({ code: 'builder-lost' });
	await expect(builder.image()).rejects.toMatchObject({ code: 'builder-lost' });
});

test('a wrong token is told at once', async () => {
	const { transport } = await makePair();
	const stranger = { id: 'builder-1', transports: [transport], endpoint: { url: 'memory:builder-1' } };
	await expect(connectBuilder({ ...stranger, token: 'another-token-0000' })).rejects.toMatchObject({
		code: 'unauthenticated',
	});
	const builder = await connectBuilder({ ...stranger, token: TOKEN });
	expect((await builder.info()).builderId).toBe('builder-1');
	await builder.close();
});

test('an endpoint that no transport speaks to', () => {
	const options = { id: 'b', transports: [memoryTransport()], endpoint: { url: 'wss://host' }, token: TOKEN };
	expect(() => new RemoteBuilder(options)).toThrow(
		expect.objectContaining({ code: 'unsupported', hint: expect.stringContaining('memory:') }),
	);
});

test('signals end what is under way', async () => {
	const { daemon, builder } = await makePair();
	daemon.begin();
	daemon.print('something');
	const aborted = (): AbortSignal => AbortSignal.abort('gone');
	await expect(builder.info({ signal: aborted() })).rejects.toMatchObject({ code: 'canceled' });
	await expect(builder.image({ signal: aborted() })).rejects.toMatchObject({ code: 'canceled' });
	const controller = new AbortController();
	const output = gather(builder.output({ signal: controller.signal }));
	const states = (async () => {
		for await (const _ of builder.states({ signal: controller.signal }));
	})();
	await new Promise((resolve) => setTimeout(resolve, 10));
	controller.abort('enough');
	await expect(output).rejects.toMatchObject({ code: 'canceled', message: 'enough' });
	await expect(states).rejects.toMatchObject({ code: 'canceled' });
	expect((await builder.info()).builderId).toBe('builder-1');
});

test('after close nothing is left open, and calls reject', async () => {
	const { transport, daemon, builder } = await makePair();
	daemon.begin();
	const output = gather(builder.output());
	const states = (async () => {
		for await (const _ of builder.states());
	})();
	await new Promise((resolve) => setTimeout(resolve, 10));
	await builder.close();
	await builder.close();
	await expect(output).rejects.toMatchObject({ code: 'canceled' });
	await expect(states).rejects.toMatchObject({ code: 'canceled' });
	await expect(builder.info()).rejects.toMatchObject({ code: 'canceled' });
	expect(transport.breakChannels()).toBe(0);
});

async function started(files: Readonly<Record<string, Uint8Array>>) {
	const pair = await makePair();
	const root = await temporaryDirectory();
	for (const [name, bytes] of Object.entries(files)) await writeFile(join(root, name), bytes);
	const source = directoryContext({ root });
	const manifest = await source.manifest();
	const { digest, size, entries } = manifest;
	await pair.builder.start({ ...REQUEST, context: { digest, size, entries: entries.length } });
	return { ...pair, root, source, manifest };
}

test('a context that is cut at random offsets arrives whole', async () => {
	const files = { 'a.bin': randomBytes(900_000), 'b.bin': randomBytes(3), 'c.bin': randomBytes(1_200_000) };
	for (const cuts of [[], [1], [600, 1_000_000], [512, 1, 700_000, 900_000], [2_000_000, 100_000]]) {
		const { daemon, builder, source } = await started(files);
		const left = [...cuts];
		daemon.cutAfter = () => left.shift();
		const progress: number[] = [];
		await builder.context(source, { onProgress: (sent) => progress.push(sent) });
		const whole = await gather(source.archive());
		expect(whole.equals(daemon.archive)).toBe(true);
		expect(progress.at(-1)).toBe(2_100_003);
		expect(Math.max(...progress)).toBe(2_100_003);
		expect(daemon.encodings).toEqual(['identity']);
	}
});

test('sending a context again is answered at once', async () => {
	const { daemon, builder, source } = await started({ 'a.txt': Buffer.from('a') });
	await builder.context(source);
	const before = daemon.archive.length;
	await builder.context(source);
	expect(daemon.archive.length).toBe(before);
});

test('a refusal in the middle stops the sending and is told', async () => {
	const transport = memoryTransport({ highWaterBytes: 1000 });
	const listener = await transport.listen({ url: 'memory:builder-1' });
	onTestFinished(() => listener.close());
	const served = (async () => {
		for await (const incoming of listener) {
			const channel = await incoming.accept();
			const frames = channel[Symbol.asyncIterator]();
			await frames.next();
			await channel.send(JSON.stringify({ type: 'have', manifest: true, offset: 0, encoding: 'identity' }));
			await frames.next();
			await frames.next();
			const error = new ContainerBuilderError('resource-limit', 'the disk is full').toJSON();
			await channel.send(JSON.stringify({ type: 'failure', error }));
			return;
		}
	})();
	let stopped = false;
	const endless: ContextSource = {
		manifest: async () => ({ entries: [], size: 10, digest: 'a'.repeat(64) }),
		archive: async function* ({ signal } = {}) {
			try {
				while (signal?.aborted !== true) yield Buffer.alloc(100_000);
			} finally {
				stopped = true;
			}
		},
	};
	const builder = remote(transport);
	await expect(builder.context(endless)).rejects.toMatchObject({
		code: 'resource-limit',
		message: 'the disk is full',
	});
	await served;
	expect(stopped).toBe(true);
	await builder.close();
});
