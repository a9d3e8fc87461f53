import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
	type Deferred,
	deferred,
	type Endpoint,
	type IncomingChannel,
	type Listener,
	type Peer,
} from '@olcf/container-builder-core';
import { WebSocketServer } from 'ws';
import {
	HEARTBEAT_HEADER,
	isChannelPath,
	parseAuthorization,
	parseChannelPath,
	SUBPROTOCOL,
} from './handshake.js';
import { PendingConnections } from './pending-connections.js';
import { refuse } from './refuse.js';
import { isLoopback } from './ws-address.js';
import { WsIncoming } from './ws-incoming.js';
import type { WsSettings } from './ws-options.js';

/** Connections of one address that were not let in yet. */
const MAX_PENDING = 1_024;
/** Connections that may wait for somebody to iterate. */
const MAX_WAITING = 4_096;

const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** What a listener is made with. */
export interface WsListenerOptions {
	readonly server: Server;
	/** Whether the server is somebody else's, who has other uses for it. */
	readonly shared: boolean;
	readonly endpoints: readonly Endpoint[];
	readonly maxFrameBytes: number;
	readonly settings: WsSettings;
	/** Run once at the end: stops the server where it is ours. */
	readonly onClose: () => Promise<void>;
}

/** Takes the requests for channels that come to an HTTP server. */
export class WsListener implements Listener {
	readonly endpoints: readonly Endpoint[];
	readonly #options: WsListenerOptions;
	readonly #webSockets: WebSocketServer;
	readonly #pending: PendingConnections;
	readonly #waiting = new Set<WsIncoming>();
	readonly #readers: Deferred<IteratorResult<IncomingChannel>>[] = [];
	#closing: Promise<void> | undefined;

	constructor(options: WsListenerOptions) {
		this.endpoints = options.endpoints;
		this.#options = options;
		this.#webSockets = new WebSocketServer({
			noServer: true,
			clientTracking: false,
			perMessageDeflate: false,
			maxPayload: options.maxFrameBytes,
			autoPong: false,
			// Not in the declarations yet, and a spread is not checked for it.
			...{ closeTimeout: options.settings.closeTimeoutMs },
			handleProtocols: () => SUBPROTOCOL,
		});
		this.#webSockets.on('headers', (headers) => {
			headers.push(`${HEARTBEAT_HEADER}: ${options.settings.heartbeatMs}`);
		});
		this.#pending = new PendingConnections(options.server, MAX_PENDING);
		options.server.on('upgrade', this.#onUpgrade);
	}

	[Symbol.asyncIterator](): AsyncIterator<IncomingChannel> {
		return { next: () => this.#next() };
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #close(): Promise<void> {
		this.#options.server.off('upgrade', this.#onUpgrade);
		this.#pending.close();
		const refusals = [...this.#waiting].map((incoming) => incoming.reject('queue-closed'));
		this.#waiting.clear();
		for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
		await Promise.all([...refusals, this.#options.onClose()]);
	}

	#next(): Promise<IteratorResult<IncomingChannel>> {
		for (const incoming of this.#waiting) {
			this.#waiting.delete(incoming);
			if (!incoming.answered) return Promise.resolve({ done: false, value: incoming });
		}
		if (this.#closing !== undefined) return Promise.resolve({ done: true, value: undefined });
		const reader = deferred<IteratorResult<IncomingChannel>>();
		this.#readers.push(reader);
		return reader.promise;
	}

	readonly #onUpgrade = (message: IncomingMessage, stream: Duplex, head: Buffer): void => {
		const path = message.url ?? '';
		if (!isChannelPath(path)) {
			// Left to the server's other handlers, where there are any; otherwise the connection would hang.
			if (this.#options.shared && this.#options.server.listenerCount('upgrade') > 1) return;
			stream.on('error', () => {});
			void refuse(stream, 'not-found', { reason: 'there is nothing at this path' });
			return;
		}
		// The server has let go of the connection; an error must not end the process.
		stream.on('error', () => {});
		const wanted = parseChannelPath(path);
		const { headers } = message;
		if (wanted === undefined)
			void refuse(stream, 'not-found', { reason: 'there is no channel of that name' });
		else if (headers.origin !== undefined)
			void refuse(stream, 'forbidden', { reason: 'not for scripts in browsers' });
		else if (!isHandshake(message))
			void refuse(stream, 'unsupported', {
				reason: 'not a WebSocket handshake for container-builder',
				status: 400,
			});
		else if (this.#waiting.size >= MAX_WAITING) void refuse(stream, 'busy');
		else {
			const token = parseAuthorization(headers.authorization);
			this.#offer(
				new WsIncoming({
					request: { ...wanted, ...(token === undefined ? {} : { token }) },
					peer: this.#peerOf(message.socket),
					upgrade: { message, stream, head },
					server: this.#webSockets,
					settings: this.#options.settings,
					onAccept: () => this.#pending.letIn(message.socket),
				}),
			);
		}
	};

	/** By the server, not by the socket: the address of a connection that was just reset is not known any more. */
	#peerOf(socket: Socket): Peer {
		const { server } = this.#options;
		if (typeof server.address() === 'string') return { address: 'unix', confidential: true, local: true };
		const address = socket.remoteAddress ?? 'unknown';
		const confidential = 'encrypted' in socket && socket.encrypted === true;
		const shownFingerprint = confidential ? this.endpoints[0]?.fingerprint : undefined;
		return { address, confidential, local: isLoopback(address), shownFingerprint };
	}

	#offer(incoming: WsIncoming): void {
		const reader = this.#readers.shift();
		if (reader === undefined) this.#waiting.add(incoming);
		else reader.resolve({ done: false, value: incoming });
	}
}

function isHandshake({ method, headers }: IncomingMessage): boolean {
	const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
	return (
		method === 'GET' &&
		headers.upgrade?.toLowerCase() === 'websocket' &&
		headers['sec-websocket-version'] === '13' &&
		WEBSOCKET_KEY.test(headers['sec-websocket-key'] ?? '') &&
		protocols.includes(SUBPROTOCOL)
	);
}
