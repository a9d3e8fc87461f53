import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
	type ChannelRequest,
	type ConnectedChannel,
	type ConnectOptions,
	ContainerBuilderError,
	canceledError,
	type Endpoint,
	linkSignal,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { WebSocket } from 'ws';
import { channelDuplex } from './channel-duplex.js';
import {
	channelPath,
	HEARTBEAT_HEADER,
	parseRejection,
	REJECT_MESSAGE,
	SUBPROTOCOL,
	TOKEN,
} from './handshake.js';
import { agreeHeartbeat } from './heartbeat.js';
import { openSocket, openTls, unreachable } from './open-stream.js';
import { openThroughProxy } from './open-through-proxy.js';
import { proxyFor } from './proxy-for.js';
import { isLoopback, parseAddress, type WsAddress } from './ws-address.js';
import { WsChannel } from './ws-channel.js';
import type { WsSettings } from './ws-options.js';

const MAX_REJECTION_BYTES = 16 * 1024;

/** Opens one channel; see `Transport.connect`. */
export async function connect(
	endpoint: Endpoint,
	request: ChannelRequest,
	options: ConnectOptions,
	settings: WsSettings,
): Promise<ConnectedChannel> {
	throwIfAborted(options.signal);
	const address = parseAddress(endpoint.url);
	checkAllowed(address, endpoint, request, options.insecure ?? settings.insecure);

	const timeoutMs = options.timeoutMs ?? 10_000;
	const link = linkSignal(options.signal);
	const timer = setTimeout(() => link.abort('timeout'), timeoutMs);
	let stream: Duplex | undefined;
	let opened = false;
	try {
		stream =
			options.through === undefined
				? await openStream(address, settings, link.signal)
				: channelDuplex(options.through);
		let fingerprint: string | undefined;
		if (address.kind === 'tls') {
			const policy = { endpoint, anyCertificate: options.anyCertificate ?? false, ca: settings.ca };
			const secured = await openTls(stream, address, policy, link.signal);
			stream = secured.stream;
			fingerprint = secured.fingerprint;
		}
		const channel = await openChannel({
			stream,
			address,
			request,
			settings,
			fingerprint,
			signal: link.signal,
		});
		opened = true;
		return channel;
	} catch (error) {
		if (options.signal?.aborted) throw canceledError(options.signal);
		if (link.signal.aborted) throw unreachable(address, new Error(`no answer in ${timeoutMs} ms`));
		throw error;
	} finally {
		clearTimeout(timer);
		link.dispose();
		if (!opened) stream?.destroy();
	}
}

function openStream(address: WsAddress, settings: WsSettings, signal: AbortSignal): Promise<Duplex> {
	const proxy = proxyFor(address, settings.proxy);
	if (proxy === undefined || address.kind === 'unix') return openSocket(address, signal);
	return openThroughProxy(address, proxy, signal);
}

function checkAllowed(
	address: WsAddress,
	endpoint: Endpoint,
	request: ChannelRequest,
	insecure: boolean,
): void {
	const { token } = request;
	if (token !== undefined && !TOKEN.test(token)) {
		throw new ContainerBuilderError('invalid-option', 'the token contains characters that no token has');
	}
	if (address.kind !== 'tls' && endpoint.fingerprint !== undefined) {
		throw new ContainerBuilderError(
			'invalid-option',
			`${endpoint.url} shows no certificate, but a fingerprint was given`,
			{
				hint: 'Use wss:, or leave the fingerprint out.',
			},
		);
	}
	if (address.kind !== 'plain' || insecure) return;
	const hint = 'Use wss:, or allow it with the option for insecure connections.';
	if (!isLoopback(address.host)) {
		throw new ContainerBuilderError('invalid-option', `${endpoint.url} is not encrypted`, { hint });
	}
	if (token !== undefined) {
		throw new ContainerBuilderError('invalid-option', `a token is not sent unencrypted to ${endpoint.url}`, {
			hint,
		});
	}
}

interface Opening {
	readonly stream: Duplex;
	readonly address: WsAddress;
	readonly request: ChannelRequest;
	readonly settings: WsSettings;
	readonly fingerprint: string | undefined;
	readonly signal: AbortSignal;
}

function openChannel(opening: Opening): Promise<WsChannel> {
	const { stream, address, request, settings, signal } = opening;
	// Masks defend plain-text proxies against scripts in browsers. Where nobody can look inside they only cost time.
	const masked = address.kind === 'plain' && !isLoopback(address.host);
	return new Promise((resolve, reject) => {
		const socket = new WebSocket(`ws://${hostHeader(address)}${channelPath(request)}`, [SUBPROTOCOL], {
			// The declarations ask for a Socket, `node:http` for any duplex stream.
			createConnection: () => stream as Socket,
			headers: {
				[HEARTBEAT_HEADER]: String(settings.heartbeatMs),
				...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
			},
			perMessageDeflate: false,
			maxPayload: settings.maxFrameBytes,
			autoPong: false,
			// Not in the declarations yet, and a spread is not checked for it.
			...{ closeTimeout: settings.closeTimeoutMs },
			...(masked ? {} : { generateMask: () => {} }),
		});
		let heartbeatMs = settings.heartbeatMs;
		const fail = (error: unknown): void => {
			signal.removeEventListener('abort', onAbort);
			reject(error);
			socket.terminate();
			stream.destroy();
		};
		const onAbort = (): void => fail(canceledError(signal));
		signal.addEventListener('abort', onAbort, { once: true });
		socket.once('upgrade', (response: IncomingMessage) => {
			heartbeatMs = agreeHeartbeat(settings.heartbeatMs, response.headers[HEARTBEAT_HEADER]);
		});
		socket.once('unexpected-response', (_request, response: IncomingMessage) => {
			rejectionOf(response, address, opening.fingerprint).then(fail, (error: Error) =>
				fail(unreachable(address, error, 'WebSocket')),
			);
		});
		const onError = (error: Error): void => fail(unreachable(address, error, 'WebSocket'));
		socket.on('error', onError);
		socket.once('open', () => {
			signal.removeEventListener('abort', onAbort);
			const channel = new WsChannel({
				socket,
				stream,
				heartbeatMs,
				highWaterBytes: settings.highWaterBytes,
				closeTimeoutMs: settings.closeTimeoutMs,
				peerFingerprint: opening.fingerprint,
			});
			socket.off('error', onError);
			resolve(channel);
		});
	});
}

async function rejectionOf(
	response: IncomingMessage,
	address: WsAddress,
	peerFingerprint: string | undefined,
): Promise<ContainerBuilderError> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of response) {
		chunks.push(chunk);
		size += chunk.length;
		if (size > MAX_REJECTION_BYTES) break;
	}
	const rejection = parseRejection(Buffer.concat(chunks).toString());
	if (rejection !== undefined) {
		const { code, message, challenge } = rejection;
		const shown = peerFingerprint === undefined ? {} : { peerFingerprint };
		const details = challenge === undefined ? undefined : { challenge, ...shown };
		return new ContainerBuilderError(code, message, { details });
	}
	const status = response.statusCode ?? 0;
	// A proxy in between that wants credentials, or refuses.
	if (status === 401) return new ContainerBuilderError('unauthenticated', REJECT_MESSAGE.unauthenticated);
	if (status === 403) return new ContainerBuilderError('forbidden', REJECT_MESSAGE.forbidden);
	return unreachable(
		address,
		new Error(`it answers with HTTP ${status}, not as a container-builder`),
		'WebSocket',
	);
}

function hostHeader(address: WsAddress): string {
	if (address.kind === 'unix') return 'localhost';
	const host = address.host.includes(':') ? `[${address.host}]` : address.host;
	return `${host}:${address.port}`;
}
