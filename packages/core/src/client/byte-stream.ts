import { createHash } from 'node:crypto';
import { canceledError } from '../concurrency/throw-if-aborted.js';
import { parseFrame } from '../protocol/parse-frame.js';
import { streamReplySchema } from '../protocol/stream-frames.js';
import { type AbortOptions, ContainerBuilderError, type ImageDigest } from '../spec/index.js';
import type { BuilderLink, DialedChannel } from './builder-link.js';

/** What opens a byte stream. */
export interface ByteStreamOptions extends AbortOptions {
	readonly channel: 'output' | 'image';
	readonly from: number;
}

/** One connection of a byte stream, open at an offset. */
interface OpenStream {
	readonly dialed: DialedChannel;
	readonly frames: AsyncIterator<string | Uint8Array>;
}

/**
 * Bytes that a builder keeps, from some offset to their end, over as many connections as it takes: what breaks goes
 * on from the last byte. Size and, where it was read from byte 0, SHA-256 are checked at the end.
 */
export class ByteStream implements AsyncIterable<Uint8Array> {
	readonly #link: BuilderLink;
	readonly #options: ByteStreamOptions;
	#first: OpenStream | undefined;
	#known: Partial<ImageDigest> = {};

	constructor(link: BuilderLink, options: ByteStreamOptions) {
		this.#link = link;
		this.#options = options;
	}

	/** Connects before the first byte is wanted; resolves with what the builder knows of the whole. */
	async open(): Promise<Partial<ImageDigest>> {
		const budget = this.#link.budget();
		while (this.#first === undefined) {
			try {
				this.#first = await this.#connect(this.#options.from);
			} catch (error) {
				await budget.failed(error, this.#options);
			}
		}
		return this.#known;
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
		const { signal, from } = this.#options;
		const budget = this.#link.budget();
		const hash = from === 0 ? createHash('sha256') : undefined;
		let offset = from;
		for (;;) {
			let stream: OpenStream | undefined;
			let delivering = false;
			try {
				stream = this.#first ?? (await this.#connect(offset));
				this.#first = undefined;
				budget.connected();
				for (;;) {
					const { done, value } = await stream.frames.next();
					if (done) throw new ContainerBuilderError('connection-lost', 'the stream ended before its end');
					if (typeof value === 'string') {
						const reply = parseFrame(streamReplySchema, value);
						if (reply.type === 'failure') throw ContainerBuilderError.fromJSON(reply.error);
						if (reply.type === 'start') throw new ContainerBuilderError('protocol', 'a stream began twice');
						this.#check(offset, reply, hash?.digest('hex'));
						await stream.dialed.finish();
						return;
					}
					hash?.update(value);
					offset += value.byteLength;
					budget.progressed();
					delivering = true;
					yield value;
					delivering = false;
				}
			} catch (error) {
				// What the reader throws into us is not the connection's fault.
				if (delivering) throw error;
				if (signal?.aborted) throw canceledError(signal);
				await budget.failed(error, this.#options);
			} finally {
				stream?.dialed.drop();
			}
		}
	}

	async #connect(from: number): Promise<OpenStream> {
		const { channel: name, signal } = this.#options;
		const dialed = await this.#link.dial(name, { signal });
		try {
			const frames = dialed.channel[Symbol.asyncIterator]();
			await dialed.channel.send(JSON.stringify({ type: 'open', from }));
			const { done, value } = await frames.next();
			if (done) throw new ContainerBuilderError('connection-lost', 'the stream ended before it began');
			const reply = parseFrame(streamReplySchema, value);
			if (reply.type === 'failure') throw ContainerBuilderError.fromJSON(reply.error);
			if (reply.type !== 'start' || reply.from !== from) {
				throw new ContainerBuilderError('protocol', `the stream ${name} did not begin at byte ${from}`);
			}
			this.#learn(reply);
			return { dialed, frames };
		} catch (error) {
			dialed.drop();
			throw signal?.aborted ? canceledError(signal) : error;
		}
	}

	#learn(found: { readonly size?: number | undefined; readonly sha256?: string | undefined }): void {
		const { size = found.size, sha256 = found.sha256 } = this.#known;
		if ((found.size ?? size) !== size || (found.sha256 ?? sha256) !== sha256) {
			throw new ContainerBuilderError(
				'digest-mismatch',
				`the builder ${this.#link.options.id} changed what it said of its ${this.#options.channel}`,
			);
		}
		this.#known = { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) };
	}

	#check(offset: number, end: ImageDigest, sha256: string | undefined): void {
		this.#learn(end);
		if (end.size === offset && (sha256 === undefined || sha256 === end.sha256)) return;
		throw new ContainerBuilderError(
			'digest-mismatch',
			`the ${this.#options.channel} arrived as ${offset} bytes with SHA-256 ${sha256}, not as ${end.size} bytes with ${end.sha256}`,
		);
	}
}
