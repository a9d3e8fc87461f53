import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
	type Channel,
	type ChannelRequest,
	ContainerBuilderError,
	type IncomingChannel,
	type Peer,
	type RejectCode,
} from '@olcf/container-builder-core';
import type { WebSocketServer } from 'ws';
import { HEARTBEAT_HEADER } from './handshake.js';
import { agreeHeartbeat } from './heartbeat.js';
import { refuse } from './refuse.js';
import { WsChannel } from './ws-channel.js';
import type { WsSettings } from './ws-options.js';

/** What came in, as `node:http` hands it over. */
export interface Upgrade {
	readonly message: IncomingMessage;
	readonly stream: Duplex;
	readonly head: Buffer;
}

/** A connection whose handshake waits for an answer. */
export class WsIncoming implements IncomingChannel {
	readonly request: ChannelRequest;
	readonly peer: Peer;
	readonly #upgrade: Upgrade;
	readonly #server: WebSocketServer;
	readonly #settings: WsSettings;
	readonly #onAccept: () => void;
	readonly #timer: NodeJS.Timeout;
	#answered = false;

	constructor(options: {
		request: ChannelRequest;
		peer: Peer;
		upgrade: Upgrade;
		server: WebSocketServer;
		settings: WsSettings;
		/** Called when it is let in. */
		onAccept: () => void;
	}) {
		this.#onAccept = options.onAccept;
		this.request = options.request;
		this.peer = options.peer;
		this.#upgrade = options.upgrade;
		this.#server = options.server;
		this.#settings = options.settings;
		this.#timer = setTimeout(
			() => void this.reject('busy', 'the connection was not answered in time'),
			options.settings.acceptTimeoutMs,
		);
		this.#timer.unref();
		options.upgrade.stream.once('close', () => this.#answer());
	}

	/** Whether there is nothing more to decide: accepted, rejected, or the other side is gone. */
	get answered(): boolean {
		return this.#answered;
	}

	async accept(): Promise<Channel> {
		if (this.#answered) throw gone();
		this.#answer();
		this.#onAccept();
		const { message, stream, head } = this.#upgrade;
		const heartbeatMs = agreeHeartbeat(this.#settings.heartbeatMs, message.headers[HEARTBEAT_HEADER]);
		let channel: WsChannel | undefined;
		// Calls back at once, or not at all where the other side is gone.
		this.#server.handleUpgrade(message, stream, head, (socket) => {
			channel = new WsChannel({
				socket,
				stream,
				heartbeatMs,
				highWaterBytes: this.#settings.highWaterBytes,
				closeTimeoutMs: this.#settings.closeTimeoutMs,
			});
		});
		if (channel === undefined) throw gone();
		return channel;
	}

	async reject(code: RejectCode, reason?: string, challenge?: string): Promise<void> {
		if (this.#answered) return;
		this.#answer();
		await refuse(this.#upgrade.stream, code, { reason, challenge });
	}

	#answer(): void {
		this.#answered = true;
		clearTimeout(this.#timer);
	}
}

function gone(): ContainerBuilderError {
	return new ContainerBuilderError('connection-lost', 'the connecting side is gone, or was answered already');
}
