import {
	abortable,
	type CloseInfo,
	type ConnectedChannel,
	ContainerBuilderError,
	deferred,
	type Frame,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { MemoryInbox } from './memory-inbox.js';

/** What both ends of a pair have in common. */
export interface MemoryPairOptions {
	readonly highWaterBytes: number;
	readonly maxFrameBytes: number;
	readonly peerFingerprint: string | undefined;
}

type Ending = 'closed-here' | 'closed-by-peer' | 'aborted-here' | 'broken';

const BROKEN: CloseInfo = { code: 'lost', reason: 'the connection broke' };

/** One end of a pair of channels in this process. */
export class MemoryChannel implements ConnectedChannel {
	readonly peerFingerprint: string | undefined;
	readonly #closed = deferred<CloseInfo>();
	readonly #inbox: MemoryInbox;
	readonly #maxFrameBytes: number;
	#peer: MemoryChannel | undefined;
	#end: CloseInfo | undefined;

	private constructor(options: MemoryPairOptions, peerFingerprint: string | undefined) {
		this.#inbox = new MemoryInbox(options.highWaterBytes);
		this.#maxFrameBytes = options.maxFrameBytes;
		this.peerFingerprint = peerFingerprint;
	}

	/** The connecting end and the accepting one. */
	static pair(options: MemoryPairOptions): readonly [MemoryChannel, MemoryChannel] {
		const client = new MemoryChannel(options, options.peerFingerprint);
		const server = new MemoryChannel(options, undefined);
		client.#peer = server;
		server.#peer = client;
		return [client, server];
	}

	get closed(): Promise<CloseInfo> {
		return this.#closed.promise;
	}

	async send(frame: Frame, options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
		throwIfAborted(options?.signal);
		if (this.#end !== undefined || this.#peer === undefined) throw connectionLost(this.#end);
		const size = typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
		if (size > this.#maxFrameBytes) {
			const info: CloseInfo = { code: 'too-large', reason: `a frame of ${size} bytes` };
			this.#finishBoth(info, 'broken', info, 'broken');
			throw connectionLost(info);
		}
		// The caller may change its buffer once this has resolved.
		const copy = typeof frame === 'string' ? frame : Uint8Array.from(frame);
		await abortable(this.#peer.#inbox.push(copy), options?.signal);
	}

	async close(info: CloseInfo = { code: 'normal' }): Promise<void> {
		this.#finishBoth(info, 'closed-here', info, 'closed-by-peer');
	}

	abort(reason: unknown): void {
		const text = reason instanceof Error ? reason.message : String(reason);
		this.#finishBoth({ code: 'lost', reason: text }, 'aborted-here', BROKEN, 'broken');
	}

	/** Breaks the connection under both ends. */
	break(): void {
		this.#finishBoth(BROKEN, 'broken', BROKEN, 'broken');
	}

	[Symbol.asyncIterator](): AsyncIterator<Frame> {
		return { next: () => this.#inbox.next() };
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#finishBoth(here: CloseInfo, howHere: Ending, there: CloseInfo, howThere: Ending): void {
		const peer = this.#peer;
		if (peer !== undefined) peer.#finish(there, howThere);
		this.#finish(here, howHere);
	}

	#finish(info: CloseInfo, how: Ending): void {
		if (this.#end !== undefined) return;
		this.#end = info;
		const error = connectionLost(info);
		const clean = info.code === 'normal' || info.code === 'going-away';
		if (how === 'closed-here') this.#inbox.discard(undefined, error);
		else if (how === 'aborted-here') this.#inbox.discard(error, error);
		else if (how === 'closed-by-peer') this.#inbox.finish(clean ? undefined : error);
		else this.#inbox.break(error);
		this.#closed.resolve(info);
	}
}

function connectionLost(info: CloseInfo | undefined): ContainerBuilderError {
	const code = info?.code === 'protocol' || info?.code === 'too-large' ? 'protocol' : 'connection-lost';
	const reason = info?.reason === undefined || info.reason === '' ? '' : `: ${info.reason}`;
	return new ContainerBuilderError(code, `the channel has ended (${info?.code ?? 'lost'})${reason}`);
}
