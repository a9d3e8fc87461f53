import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { linkSignal } from '../concurrency/link-signal.js';
import { canceledError } from '../concurrency/throw-if-aborted.js';
import { encodeManifest } from '../protocol/context-manifest.js';
import { parseFrame } from '../protocol/parse-frame.js';
import { contextDaemonSchema } from '../protocol/stream-frames.js';
import {
	type AbortOptions,
	type Channel,
	type Clock,
	ContainerBuilderError,
	type ContextManifest,
	type ContextSource,
	type Frame,
} from '../spec/index.js';
import { systemClock } from '../time/system-clock.js';
import { AheadSender } from './ahead-sender.js';
import type { BuilderLink } from './builder-link.js';
import { CompressionLevel } from './compression-level.js';

const compress = promisify(gzip);
/** Uncompressed bytes of one frame. */
const FRAME_BYTES = 2 ** 20;

/** Frames that are on their way while the next one is read and hashed. */
const FRAMES_AHEAD = 4;

/** What `sendContext` takes beside the source. */
export interface SendContextOptions extends AbortOptions {
	/** Called with the bytes of the archive that the builder has, at most `manifest.size`. */
	readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

/** Sends a context over as many connections as it takes; resolves when the builder has verified it. */
export async function sendContext(
	link: BuilderLink,
	source: ContextSource,
	options: SendContextOptions = {},
): Promise<void> {
	const { signal } = options;
	const manifest = await source.manifest({ signal });
	const budget = link.budget();
	for (;;) {
		const stop = linkSignal(signal);
		try {
			const dialed = await link.dial('context', { signal: stop.signal });
			try {
				const onProgress = (sentBytes: number): void => {
					budget.progressed();
					options.onProgress?.(Math.min(sentBytes, manifest.size));
				};
				await sendOnce(dialed.channel, {
					source,
					manifest,
					local: link.local,
					clock: link.options.clock ?? systemClock,
					stop,
					onProgress,
				});
				await dialed.finish();
				return;
			} finally {
				dialed.drop();
			}
		} catch (error) {
			if (signal?.aborted) throw canceledError(signal);
			await budget.failed(error, { signal });
		} finally {
			stop.dispose();
		}
	}
}

interface Sending {
	readonly source: ContextSource;
	readonly manifest: ContextManifest;
	readonly local: boolean;
	readonly clock: Clock;
	readonly stop: { readonly signal: AbortSignal; abort(reason?: unknown): void };
	readonly onProgress: (sentBytes: number) => void;
}

async function sendOnce(channel: Channel, sending: Sending): Promise<void> {
	const { manifest, stop, local, onProgress } = sending;
	const replies = channel[Symbol.asyncIterator]();
	const say = (message: object): Promise<void> => channel.send(JSON.stringify(message));
	await say({
		type: 'open',
		digest: manifest.digest,
		encodings: local ? ['identity'] : ['gzip', 'identity'],
	});
	const have = await nextReply(replies);
	if (have.type === 'verified') return onProgress(manifest.size);

	// The builder may say no at any time, a full disk for one: that stops the sending.
	const verdict = nextReply(replies);
	verdict.catch((error) => stop.abort(error));
	try {
		if (!have.manifest) {
			const bytes = encodeManifest(manifest.entries);
			await say({ type: 'manifest', size: bytes.byteLength });
			for (let at = 0; at < bytes.byteLength; at += FRAME_BYTES)
				await channel.send(bytes.subarray(at, at + FRAME_BYTES));
		}
		await say({ type: 'archive', from: have.offset });
		if (have.encoding === 'zstd') throw new ContainerBuilderError('protocol', 'zstd was not offered');
		const size = await sendArchive(channel, have, sending);
		await say({ type: 'end', size });
		onProgress(manifest.size);
	} catch (error) {
		// Where the connection broke under a refusal, the refusal is what happened.
		if (stop.signal.aborted) await verdict;
		throw error;
	}
	const reply = await verdict;
	if (reply.type !== 'verified')
		throw new ContainerBuilderError('protocol', 'the builder answered out of order');
}

/** Resolves with the size of the whole archive. */
async function sendArchive(
	channel: Channel,
	{ offset: from, encoding }: { readonly offset: number; readonly encoding: string },
	{ source, stop, clock, onProgress }: Sending,
): Promise<number> {
	const sender = new AheadSender(channel, { count: FRAMES_AHEAD, clock });
	const level = new CompressionLevel();
	let offset = from;
	for await (const chunk of source.archive({ from, signal: stop.signal })) {
		for (let at = 0; at < chunk.byteLength; at += FRAME_BYTES) {
			const piece = chunk.subarray(at, at + FRAME_BYTES);
			offset += piece.byteLength;
			const sent = offset;
			const frame = encoding === 'gzip' ? compress(piece, { level: level.now }) : Promise.resolve(piece);
			await sender.send(frame, () => onProgress(sent));
			level.note(clock.now(), sender.busyMs);
		}
	}
	await sender.done();
	return offset;
}

async function nextReply(
	replies: AsyncIterator<Frame>,
): Promise<Exclude<ReturnType<typeof readReply>, { type: 'failure' }>> {
	const { done, value } = await replies.next();
	if (done)
		throw new ContainerBuilderError('connection-lost', 'the connection ended before the context was sent');
	const reply = readReply(value);
	if (reply.type === 'failure') throw ContainerBuilderError.fromJSON(reply.error);
	return reply;
}

function readReply(frame: Frame) {
	return parseFrame(contextDaemonSchema, frame);
}
