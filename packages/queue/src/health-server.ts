import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { ContainerBuilderError, type TlsIdentity } from '@olcf/container-builder-core';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** An HTTP server that listens, to be shared with a transport. */
export interface HealthServer {
	readonly server: Server;
	/** With the port that it has got. */
	readonly url: string;
	close(): Promise<void>;
}

/**
 * Listens where `url` (`ws:` or `wss:`) says and answers `/healthz` (the process runs) and `/readyz` (the queue takes
 * checkouts). Rejects with `invalid-option` where it cannot listen there.
 */
export async function healthServer(
	url: string,
	tls: TlsIdentity | undefined,
	isReady: () => boolean,
): Promise<HealthServer> {
	const { protocol, hostname, port } = new URL(url);
	const limits = {
		headersTimeout: HANDSHAKE_TIMEOUT_MS,
		requestTimeout: HANDSHAKE_TIMEOUT_MS,
		connectionsCheckingInterval: HANDSHAKE_TIMEOUT_MS / 4,
		keepAlive: true,
		keepAliveInitialDelay: 60_000,
		noDelay: true,
	};
	const encrypted = protocol === 'wss:';
	if (encrypted && tls === undefined) {
		throw new ContainerBuilderError('invalid-option', `${url} needs a certificate and its key`);
	}
	const server =
		encrypted && tls !== undefined
			? createTlsServer({
					...limits,
					cert: tls.certificate,
					key: tls.key,
					minVersion: 'TLSv1.2',
					handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
				})
			: createServer(limits);
	server.on('request', (request, response) => {
		const path = request.url?.split('?', 1)[0];
		const known = path === '/healthz' || path === '/readyz';
		const ready = path === '/healthz' || isReady();
		const status = known ? (ready ? 200 : 503) : 404;
		response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
		response.end(known ? (ready ? 'ok\n' : 'not ready\n') : 'not found\n');
	});
	const host = hostname.replace(/^\[(.*)\]$/, '$1');
	await listening(server, host, port === '' ? (encrypted ? 443 : 80) : Number(port), url);
	const bound = server.address();
	const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
	return {
		server,
		url: `${protocol}//${hostname}:${actual}`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

function listening(server: Server, host: string, port: number, url: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const onError = (cause: Error): void => {
			const message = `cannot listen on ${url}: ${cause.message}`;
			reject(
				new ContainerBuilderError('invalid-option', message, {
					cause,
					hint: 'Choose an address of this machine and a port that is free.',
				}),
			);
		};
		server.once('error', onError);
		server.listen({ host, port, backlog: 4_096 }, () => {
			server.off('error', onError);
			resolve();
		});
	});
}
