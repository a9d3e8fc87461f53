import { createServer, Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, Server as HttpsServer } from 'node:https';
import { networkInterfaces } from 'node:os';
import {
	ContainerBuilderError,
	type Endpoint,
	type Listener,
	type ListenOptions,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { fingerprintOf } from './certificate.js';
import { serverListen } from './server-listen.js';
import { listenOnSocketFile } from './unix-socket-file.js';
import { formatAddress, isLoopback, parseAddress, type WsAddress } from './ws-address.js';
import { WsListener } from './ws-listener.js';
import { DEFAULT_MAX_FRAME_BYTES, type WsSettings } from './ws-options.js';

/** Milliseconds in which a connection must have made its TLS and HTTP handshakes. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Starts to listen; see `Transport.listen`. */
export async function listen(options: ListenOptions, settings: WsSettings): Promise<Listener> {
	throwIfAborted(options.signal);
	const address = parseAddress(options.url);
	const fingerprint = options.tls === undefined ? undefined : fingerprintOf({ pem: options.tls.certificate });
	if (!settings.insecure) checkConfidential(address);
	const common = { maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES, settings };

	if (options.server !== undefined) {
		const server = sharedServer(options.server, address);
		const bound = server.address();
		if (!settings.insecure && address.kind === 'plain' && bound !== null && typeof bound === 'object') {
			checkConfidential({ ...address, host: bound.address });
		}
		const endpoints = endpointsOf(boundAddress(server, address), fingerprint);
		return new WsListener({ ...common, server, shared: true, endpoints, onClose: async () => {} });
	}

	const server = ownServer(address, options);
	let removeFile = async (): Promise<void> => {};
	const onClose = async (): Promise<void> => {
		// Stops taking connections at once; its callback would wait for the open channels.
		server.close();
		server.closeAllConnections();
		await removeFile();
	};
	if (address.kind === 'unix') removeFile = await listenOnSocketFile(server, address.path);
	else await serverListen(server, { host: address.host, port: address.port }, formatAddress(address));
	if (options.signal?.aborted) await onClose();
	throwIfAborted(options.signal);
	const endpoints = endpointsOf(boundAddress(server, address), fingerprint);
	return new WsListener({ ...common, server, shared: false, endpoints, onClose });
}

function checkConfidential(address: WsAddress): void {
	if (address.kind !== 'plain' || isLoopback(address.host)) return;
	throw new ContainerBuilderError(
		'invalid-option',
		`${formatAddress(address)} would take connections unencrypted`,
		{
			hint: 'Use wss:, listen on 127.0.0.1, or allow it with the option for insecure connections.',
		},
	);
}

function ownServer(address: WsAddress, options: ListenOptions): HttpServer {
	const limits = {
		headersTimeout: HANDSHAKE_TIMEOUT_MS,
		requestTimeout: HANDSHAKE_TIMEOUT_MS,
		connectionsCheckingInterval: HANDSHAKE_TIMEOUT_MS / 4,
		keepAlive: true,
		keepAliveInitialDelay: 60_000,
		noDelay: true,
	};
	const notHere: RequestListener = (_request, response) => {
		response.writeHead(426, { connection: 'close', 'content-type': 'text/plain', upgrade: 'websocket' });
		response.end('container-builder: this port takes WebSocket connections only\n');
	};
	if (address.kind !== 'tls') return createServer(limits, notHere);
	if (options.tls === undefined) {
		throw new ContainerBuilderError('invalid-option', `${options.url} needs a certificate and its key`);
	}
	const { certificate: cert, key } = options.tls;
	return createTlsServer(
		{ ...limits, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
		notHere,
	);
}

function sharedServer(server: object, address: WsAddress): HttpServer {
	const encrypted = server instanceof HttpsServer;
	if (!encrypted && !(server instanceof HttpServer)) {
		throw new TypeError('ListenOptions.server must be a server of node:http or node:https');
	}
	if (encrypted !== (address.kind === 'tls')) {
		throw new ContainerBuilderError(
			'invalid-option',
			encrypted
				? 'the server is encrypted: its URL must be wss:'
				: 'the server is not encrypted: its URL may not be wss:',
		);
	}
	return server;
}

/** The address with the port that the server has got. */
function boundAddress(server: HttpServer, address: WsAddress): WsAddress {
	if (address.kind === 'unix') return address;
	const bound = server.address();
	const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
	if (port === 0) {
		throw new ContainerBuilderError(
			'invalid-option',
			'the shared server does not listen yet, so its port is not known',
			{
				hint: 'Let it listen first, or give the port in the URL.',
			},
		);
	}
	return { ...address, port };
}

function endpointsOf(address: WsAddress, fingerprint: string | undefined): Endpoint[] {
	const addresses =
		address.kind === 'unix' ? [address] : hostsOf(address.host).map((host) => ({ ...address, host }));
	return addresses.map((one) => ({
		url: formatAddress(one),
		...(fingerprint === undefined || one.kind !== 'tls' ? {} : { fingerprint }),
	}));
}

/** For a wildcard the addresses of this machine, those that others can reach first. */
function hostsOf(host: string): string[] {
	if (host !== '0.0.0.0' && host !== '::') return [host];
	const found = Object.values(networkInterfaces())
		.flatMap((addresses) => addresses ?? [])
		.filter(({ address, family }) => (family === 'IPv4' || host === '::') && !address.startsWith('fe80:'));
	const hosts = [...found.filter(({ internal }) => !internal), ...found.filter(({ internal }) => internal)];
	return hosts.length === 0 ? [host] : hosts.map(({ address }) => address);
}
