import type { Duplex } from 'node:stream';
import {
	type AbortOptions,
	abortable,
	type CloseInfo,
	type ConnectedChannel,
	ContainerBuilderError,
	type Deferred,
	deferred,
	type Frame,
	throwIfAborted,
} from '@olcf/container-builder-core';
import type { WebSocket } from 'ws';
import { fromWire, toWire } from './close-codes.js';
import { FrameInbox } from './frame-inbox.js';
import { heartbeat } from './heartbeat.js';

/** What a channel is made with, on either side. */
export interface WsChannelOptions {
	/** An open one, of which nothing was read yet. */
	readonly socket: WebSocket;
	/** What it runs over. */
	readonly stream: Duplex & { readonly bytesRead?: number };
	readonly highWaterBytes: number;
	/** As agreed with the peer. */
	readonly heartbeatMs: number;
	readonly closeTimeoutMs: number;
	readonly peerFingerprint?: string | undefined;
}

/** A channel over one WebSocket. */
export class WsChannel implements ConnectedChannel {
	readonly peerFingerprint: string | undefined;
	readonly #socket: WebSocket;
	readonly #highWaterBytes: number;
	readonly #closeTimeoutMs: number;
	readonly #inbox: FrameInbox;
	readonly #closed = deferred<CloseInfo>();
	/** Sends that wait; those that were below the high-water mark are counted only. */
	readonly #waiting = new Set<Deferred<void>>();
	readonly #stopHeartbeat: () => void;
	#unwritten = 0;
	#stallTimer: NodeJS.Timeout | undefined;
	/** What this side wants to end the channel with. */
	#closing: CloseInfo | undefined;
	/** What this side found the peer to have done wrong. */
	#offence: CloseInfo | undefined;
	#end: CloseInfo | undefined;

	constructor(options: WsChannelOptions) {
		const { socket, stream } = options;
		this.peerFingerprint = options.peerFingerprint;
		this.#socket = socket;
		this.#highWaterBytes = options.highWaterBytes;
		this.#closeTimeoutMs = options.closeTimeoutMs;
		this.#inbox = new FrameInbox(options.highWaterBytes, () => socket.resume());
		this.#stopHeartbeat = heartbeat({
			intervalMs: options.heartbeatMs,
			bytesRead: () => stream.bytesRead ?? 0,
			isDeaf: () => socket.isPaused,
			// What waits to be written is as good as a ping, and pings must not pile up behind it.
			ping: () => {
				if (socket.bufferedAmount === 0 && socket.readyState === socket.OPEN) socket.ping();
			},
			onSilence: () => this.#breakOff({ code: 'timeout', reason: 'the peer does not answer pings' }),
		});
		socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
		socket.on('ping', () => {
			if (socket.bufferedAmount <= this.#highWaterBytes && socket.readyState === socket.OPEN) socket.pong();
		});
		socket.on('error', (error: Error & { code?: string }) => {
			this.#offence ??= offence(error);
		});
		socket.on('close', (code: number, reason: Buffer) => this.#onClose(code, reason.toString()));
	}

	get closed(): Promise<CloseInfo> {
		return this.#closed.promise;
	}

	async send(frame: Frame, options?: AbortOptions): Promise<void> {
		throwIfAborted(options?.signal);
		const ended = this.#end ?? this.#closing;
		if (ended !== undefined || this.#socket.readyState !== this.#socket.OPEN) throw endError(ended);
		const binary = typeof frame !== 'string';
		let written: Deferred<void> | undefined;
		this.#unwritten++;
		this.#socket.send(frame, { binary }, (error) => {
			this.#onWritten();
			if (written === undefined || !this.#waiting.delete(written)) return;
			if (error) written.reject(endError(this.#end, error));
			else written.resolve();
		});
		// Text is copied already. Bytes are the caller's to change afterwards, so they must have reached the kernel.
		const buffered = this.#socket.bufferedAmount;
		if (binary ? buffered === 0 : buffered <= this.#highWaterBytes) return;
		written = deferred();
		this.#waiting.add(written);
		await abortable(written.promise, options?.signal);
	}

	async close(info: CloseInfo = { code: 'normal' }): Promise<void> {
		if (this.#end === undefined && this.#closing === undefined) {
			this.#closing = info;
			// Nobody will read what still comes, but the peer's answer stands behind it.
			this.#inbox.discard(undefined);
			this.#socket.resume();
			if (this.#unwritten === 0) this.#sayGoodbye(info);
			else this.#watchForStall(this.#socket.bufferedAmount);
		}
		await this.#closed.promise;
	}

	abort(reason: unknown): void {
		const text = reason instanceof Error ? reason.message : String(reason);
		this.#inbox.discard(endError({ code: 'lost', reason: text }, reason));
		this.#breakOff({ code: 'lost', reason: text });
	}

	[Symbol.asyncIterator](): AsyncIterator<Frame> {
		return { next: () => this.#inbox.next() };
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#receive(data: Buffer, isBinary: boolean): void {
		this.#inbox.push(isBinary ? data : data.toString());
		if (this.#inbox.full) this.#socket.pause();
	}

	#onWritten(): void {
		this.#unwritten--;
		if (this.#unwritten === 0 && this.#closing !== undefined && this.#end === undefined) {
			this.#sayGoodbye(this.#closing);
		}
	}

	#sayGoodbye(info: CloseInfo): void {
		clearTimeout(this.#stallTimer);
		const { code, reason } = toWire(info);
		// From here the library's own timer holds.
		this.#socket.close(code, reason);
	}

	#watchForStall(before: number): void {
		this.#stallTimer = setTimeout(() => {
			const now = this.#socket.bufferedAmount;
			if (now < before) this.#watchForStall(now);
			else this.#breakOff({ code: 'lost', reason: 'the peer does not read what was sent' });
		}, this.#closeTimeoutMs);
		this.#stallTimer.unref();
	}

	#onClose(code: number, reason: string): void {
		if (this.#offence !== undefined) this.#finish(this.#offence);
		else if (this.#closing !== undefined && code !== 1006) this.#finish(this.#closing);
		else this.#finish(fromWire(code, reason));
	}

	#breakOff(info: CloseInfo): void {
		this.#finish(info);
		this.#socket.terminate();
	}

	#finish(info: CloseInfo): void {
		if (this.#end !== undefined) return;
		this.#end = info;
		this.#stopHeartbeat();
		clearTimeout(this.#stallTimer);
		const clean = info.code === 'normal' || info.code === 'going-away';
		const error = endError(info);
		this.#inbox.end(clean ? undefined : error);
		for (const written of this.#waiting) written.reject(error);
		this.#waiting.clear();
		this.#closed.resolve(info);
	}
}

/** What `ws` complains of: the peer's frames, or the connection. */
function offence(error: Error & { code?: string }): CloseInfo {
	if (
		error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ||
		error.code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'
	) {
		return { code: 'too-large', reason: error.message };
	}
	return { code: error.code?.startsWith('WS_ERR_') ? 'protocol' : 'lost', reason: error.message };
}

function endError(info: CloseInfo | undefined, cause?: unknown): ContainerBuilderError {
	const code = info?.code === 'protocol' || info?.code === 'too-large' ? 'protocol' : 'connection-lost';
	const reason = info?.reason === undefined || info.reason === '' ? '' : `: ${info.reason}`;
	return new ContainerBuilderError(code, `the channel has ended (${info?.code ?? 'lost'})${reason}`, {
		cause,
	});
}
