import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type Server as HttpServer, get as httpGet } from 'node:http';
import { createServer as createHttpsServer, get as httpsGet } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import {
	type SharedServerFixture,
	type TransportFixture,
	testTransport,
} from '@olcf/container-builder-testing/transport';
import { ws } from '@olcf/container-builder-transport-ws';
import { describe, test } from 'vitest';
import { makeIdentity } from './identity.js';

const { identity, fingerprint } = await makeIdentity();
const capabilities = { tls: true, sharedServer: true, through: true, relay: true };

function tcpFixture(scheme: 'ws' | 'wss'): TransportFixture {
	const encrypted = { url: 'wss://127.0.0.1:0', tls: identity };
	return {
		transport: ws({ acceptTimeoutMs: 500 }),
		listenOptions: () => (scheme === 'wss' ? encrypted : { url: 'ws://127.0.0.1:0' }),
		// The discard port: nobody has it.
		nowhere: { url: `${scheme}://127.0.0.1:9` },
		connectOptions: { insecure: scheme === 'ws' },
		tls: { identity, fingerprint, listenOptions: () => encrypted },
		sharedServer: () => shareServer(scheme),
	};
}

describe('ws: on loopback', () => {
	testTransport({ test, capabilities, timeScale: 0.05, setup: () => tcpFixture('ws') });
});

describe('wss: with a fingerprint', () => {
	testTransport({ test, capabilities, timeScale: 0.05, setup: () => tcpFixture('wss') });
});

describe('ws+unix:', () => {
	testTransport({
		test,
		capabilities,
		timeScale: 0.05,
		setup: async () => {
			const directory = await mkdtemp(join(tmpdir(), 'cb-ws-'));
			let count = 0;
			return {
				...tcpFixture('ws'),
				listenOptions: () => ({ url: `ws+unix://${directory}/${++count}.sock` }),
				nowhere: { url: `ws+unix://${directory}/nobody.sock` },
				connectOptions: {},
				sharedServer: () => shareServer('ws', `${directory}/shared.sock`),
				teardown: () => rm(directory, { recursive: true }),
			};
		},
	});
});

/** A server with a page and an upgrade handler of its own. */
async function shareServer(scheme: 'ws' | 'wss', socketPath?: string): Promise<SharedServerFixture> {
	const server: HttpServer =
		scheme === 'wss'
			? createHttpsServer({ cert: identity.certificate, key: identity.key })
			: createHttpServer();
	server.on('request', (_request, response) => response.end('page'));
	server.on('upgrade', (request, socket) => {
		if (request.url === '/own') socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nown');
	});
	const place = socketPath === undefined ? { host: '127.0.0.1', port: 0 } : { path: socketPath };
	await new Promise<void>((resolve) => server.listen(place, resolve));
	const bound = server.address() as AddressInfo | string;
	const at = typeof bound === 'string' ? { path: bound } : { host: '127.0.0.1', port: bound.port };
	const get = scheme === 'wss' ? httpsGet : httpGet;
	return {
		listenOptions: {
			url: socketPath === undefined ? `${scheme}://127.0.0.1:0` : `ws+unix://${socketPath}`,
			server,
			...(scheme === 'wss' ? { tls: identity } : {}),
		},
		request: () =>
			new Promise((resolve, reject) => {
				const options = typeof bound === 'string' ? { socketPath: bound } : at;
				get({ ...options, agent: false, rejectUnauthorized: false }, (response) => {
					response.resume();
					response.once('end', () => (response.statusCode === 200 ? resolve() : reject(response.statusCode)));
				}).once('error', reject);
			}),
		upgrade: () =>
			new Promise((resolve, reject) => {
				const socket = scheme === 'wss' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
				let answer = '';
				socket.on('data', (data) => {
					answer += data.toString();
				});
				socket.once('error', reject);
				socket.once('end', () => (answer.endsWith('own') ? resolve() : reject(new Error(answer))));
				socket.write('GET /own HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
			}),
		close: () =>
			new Promise((resolve, reject) =>
				server.close((error) => (error === undefined ? resolve() : reject(error))),
			),
	};
}
