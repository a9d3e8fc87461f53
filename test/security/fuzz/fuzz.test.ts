import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type ChannelName, type Endpoint, RemoteQueue } from '@olcf/container-builder-core';
import { ws } from '@olcf/container-builder-transport-ws';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../support/command.js';
import { type GuardedQueue, guardedQueue } from '../../support/guarded-queue.js';
import { expectNothingLeft, type Leftovers, leftovers } from '../../support/leftovers.js';
import { daemons, peakMemory } from '../../support/memory.js';
import { scratchRecipe } from '../../support/recipes.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { bytes, frame } from './frames.js';

/** How many frames; a million in the nightly run. */
const FRAMES = Number(process.env.FUZZ_FRAMES ?? 50_000);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Frames of one connection, on average. */
const MEAN = 20;
const HANG_MS = 60_000;
const QUEUE_METHODS = [
	'checkout',
	'find',
	'list',
	'resume',
	'cancel',
	'status',
	'watch',
	'images',
	'provenance-key',
];
const LEASE_METHODS = ['lease-renew', 'lease-replace', 'lease-detach', 'lease-release', 'lease-attest'];
const BUILD_METHODS = ['info', 'start', 'state', 'states', 'resize', 'cancel'];
const CONTROL_METHODS = [
	'enrol',
	'accept',
	'probe',
	'lease',
	'token',
	'extend',
	'cancel',
	'states',
	'shutdown',
];
const STREAM_TYPES = ['open', 'manifest', 'archive', 'end'];
/** What a process says that has been surprised. */
const SURPRISE = /unhandled|uncaught|TypeError|RangeError|"code":"internal"|heap out of memory|MaxListeners/i;

/**
 * The real queue and real builders, at the hands of a user and of strangers who send whatever they like, while somebody
 * else builds. The seed is printed; FUZZ_SEED repeats it, FUZZ_FRAMES says how many.
 */
describe('whatever is sent', () => {
	const place = temporaryDirectory();
	let before: Leftovers;
	let queue: GuardedQueue;
	let socket: Endpoint;
	let alice = '';
	let mallory = '';
	const closing: (() => Promise<void>)[] = [];
	beforeAll(async () => {
		before = leftovers();
		const path = join(place.path, 'queue.sock');
		queue = await guardedQueue(place, {
			owner: 'fuzzed',
			listen: `127.0.0.1:0', 'ws+unix://${path}`,
			lines: 'users: { byName: { mallory: { running: 1, waiting: 20 } } }\nleases: { idle: 10m }\n',
		});
		socket = { url: `ws+unix://${path}` };
		[alice, mallory] = [await queue.token('add', 'alice'), await queue.token('add', 'mallory')];
		process.stdout.write(`fuzzing: ${FRAMES} frames, seed ${SEED}\n`);
	});
	afterAll(async () => {
		for (const close of closing) await close();
		await queue.close();
		expect(queue.running.said.stderr).not.toMatch(SURPRISE);
		await expectNothingLeft(before);
	});

	const remote = (token: string): RemoteQueue => {
		const client = new RemoteQueue({ endpoint: socket, transports: [ws()], token });
		closing.push(() => client.close());
		return client;
	};

	/** Sends the frames over a channel, and expects its end within a minute. Resolves with how many were taken before it hung up. */
	async function send(
		endpoint: Endpoint,
		channel: ChannelName,
		token: string | undefined,
		frames: readonly (string | Uint8Array)[],
	): Promise<number> {
		const opened = await ws()
			.connect(endpoint, { channel, version: 1, token })
			.catch((error: unknown) => error);
		// Refused in words: a builder that ends its lease, a user with too many of them.
		if (opened instanceof Error) {
			expect(opened).toHaveProperty('code');
			return 0;
		}
		if (typeof opened !== 'object' || opened === null || !('send' in opened)) throw opened;
		const open = opened as Awaited<ReturnType<ReturnType<typeof ws>['connect']>>;
		const reading = (async () => {
			for await (const _ of open);
		})().catch(() => {});
		let taken = 0;
		try {
			for (const one of frames) {
				await open.send(one);
				taken++;
			}
		} catch {
			// It has hung up.
		}
		await withinTime(open.close().then(() => reading));
		return taken;
	}

	/** Writes bytes into a bare connection, then waits a moment for what becomes of it. */
	async function write(open: () => Socket, chunks: readonly Uint8Array[]): Promise<number> {
		const raw = open();
		raw.on('error', () => {});
		raw.resume();
		for (const chunk of chunks) raw.write(chunk);
		raw.end();
		await withinTime(closed(raw));
		return chunks.length;
	}

	/** Runs a property until it has sent its share of the frames. Resolves with how many. */
	async function until<T extends readonly unknown[]>(
		share: number,
		arbitrary: fc.Arbitrary<T>,
		run: (value: T) => Promise<number>,
	): Promise<number> {
		let sent = 0;
		await fc.assert(
			fc.asyncProperty(arbitrary, async (value) => {
				if (sent >= FRAMES * share) return;
				sent += await run(value);
			}),
			{ seed: SEED, numRuns: Math.ceil(FRAMES * share), endOnFailure: true },
		);
		return sent;
	}

	it('ends nothing but the connection, and harms nobody beside it', async () => {
		// Somebody who builds all the while, and somebody who asks all the while.
		place.write(
			'steady.def',
			scratchRecipe('%post\n    for n in $(seq 5); do echo "line $n"; sleep 1; done'),
		);
		const buildOnce = async (): Promise<void> => {
			const { status, stdout, stderr } = await runCommand(
				'container-builder',
				['--force', 'steady.sif', 'steady.def'],
				{ cwd: place.path, environment: queue.environment(alice) },
			);
			expect(status, stderr).toBe(0);
			expect(stdout.match(/^line \d+$/gm)).toHaveLength(5);
			built++;
		};
		let built = 0;
		const asking = remote(alice);
		let isOver = false;
		let slowestMs = 0;
		let asked = 0;
		const questions = (async () => {
			while (!isOver) {
				const began = performance.now();
				expect((await asking.status()).state).toBe('open');
				slowestMs = Math.max(slowestMs, performance.now() - began);
				asked++;
				await new Promise((resolve) => setTimeout(resolve, 50));
			}
		})();
		const building = (async () => {
			while (!isOver) await buildOnce();
		})();
		questions.catch(() => {});
		building.catch(() => {});
		const hers = remote(mallory);
		const { lease } = await hers.checkout({ buildId: 'fuzz-own-lease' }).granted;
		const pid = queue.running.child.pid ?? 0;

		const port = Number(new URL(queue.url).port);
		const slow = await dribble(port);
		const frames = (methods: readonly string[], types: readonly string[] = []) =>
			fc.array(frame(methods, types), { minLength: 1, maxLength: 2 * MEAN - 1, size: 'max' });
		const builder = lease.endpoint;
		const began = performance.now();
		const counts = await Promise.all([
			until(0.35, frames([...QUEUE_METHODS, ...LEASE_METHODS]), (some) =>
				send(socket, 'queue', mallory, some),
			),
			until(0.3, frames(BUILD_METHODS), (some) => send(builder, 'build', lease.token, some)),
			until(0.1, frames(CONTROL_METHODS), (some) => send(builder, 'control', undefined, some)),
			until(0.05, frames([], STREAM_TYPES), (some) => send(builder, 'context', lease.token, some)),
			until(0.05, frames([], STREAM_TYPES), (some) => send(builder, 'output', lease.token, some)),
			until(0.05, frames([], STREAM_TYPES), (some) => send(builder, 'image', lease.token, some)),
			until(0.05, bytes(['queue', 'relay', 'control'], mallory), (chunks) =>
				write(() => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), chunks),
			),
			until(0.05, bytes(['build', 'control', 'image', 'context'], lease.token), (chunks) =>
				write(() => connect(decodeURIComponent(new URL(builder.url).pathname)), chunks),
			),
		]);
		const seconds = (performance.now() - began) / 1_000;
		const sent = counts.reduce((sum, count) => sum + count, 0);
		expect(sent).toBeGreaterThanOrEqual(FRAMES);

		// The queue is the same process still, and so is the builder.
		expect(queue.running.child.exitCode).toBeNull();
		expect((await hers.status()).builders).toContainEqual(
			expect.objectContaining({ id: lease.builderId, state: 'leased' }),
		);
		expect(queue.running.said.stderr).not.toContain('builder-failed');
		const theirs = Math.max(...daemons().map(peakMemory));
		isOver = true;
		await Promise.all([questions, building]);
		await buildOnce();
		await withinTime(Promise.all(slow));
		const own = peakMemory(pid);
		process.stdout.write(
			`fuzzing: ${sent} frames in ${seconds.toFixed(1)} s, seed ${SEED}; at most ${own.toFixed(0)} MiB in the queue, ` +
				`${theirs.toFixed(0)} MiB in a builder; ${built} builds and ${asked} questions beside it, the slowest answer ${slowestMs.toFixed(0)} ms\n`,
		);
		expect(own).toBeLessThan(512);
		expect(theirs).toBeLessThan(512);
		await lease.release({ status: 'canceled' });
	}, 7_200_000);
});

/** Two hundred strangers that say a little and then nothing: resolves with what ends when they have been hung up on. */
async function dribble(port: number): Promise<readonly Promise<unknown>[]> {
	return Array.from({ length: 200 }, (_, index) => {
		const raw = connect({ port, host: '127.0.0.1' });
		raw.on('error', () => {});
		raw.resume();
		if (index % 2 === 0) raw.write(Buffer.from([22, 3, 1]));
		return closed(raw);
	});
}

/** Resolves when it is over, well or not. */
function closed(raw: Socket): Promise<unknown> {
	return new Promise((resolve) => raw.once('close', resolve));
}

async function withinTime<T>(promise: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`nothing has happened for ${HANG_MS} ms`)), HANG_MS);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}
