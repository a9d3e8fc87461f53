import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestSecured } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { canceledError } from '@olcf/container-builder-core';
import { unreachable } from './open-stream.js';
import type { WsAddress } from './ws-address.js';

/**
 * Has a proxy open a tunnel to an address (RFC 9110, 9.3.6: CONNECT), with the credentials of its URL. Rejects with
 * `builder-unreachable`, which says whether it was the proxy that refused.
 */
export function openThroughProxy(
	address: Exclude<WsAddress, { kind: 'unix' }>,
	proxy: URL,
	signal: AbortSignal,
): Promise<Duplex> {
	const host = address.host.includes(':') ? `[${address.host}]` : address.host;
	const target = `${host}:${address.port}`;
	const proxyHost = proxy.hostname.replace(/^\[(.*)\]$/, '$1');
	const isSecured = proxy.protocol === 'https:';
	const options: RequestOptions & { servername?: string } = {
		method: 'CONNECT',
		host: proxyHost,
		port: proxy.port === '' ? (isSecured ? 443 : 80) : Number(proxy.port),
		path: target,
		headers: { host: target, ...credentials(proxy) },
		agent: false,
		signal,
		...(isSecured && isIP(proxyHost) === 0 ? { servername: proxyHost } : {}),
	};
	const by = `through the proxy ${proxy.host}`;
	return new Promise((resolve, reject) => {
		const request = isSecured ? requestSecured(options) : requestPlain(options);
		request.once('connect', (response: IncomingMessage, socket: Socket, head: Buffer) => {
			if (response.statusCode === 200) {
				if (head.length > 0) socket.unshift(head);
				socket.setNoDelay(true);
				socket.setKeepAlive(true, 60_000);
				socket.on('error', () => {});
				resolve(socket);
				return;
			}
			socket.destroy();
			reject(unreachable(address, new Error(`${by}: ${refusal(response)}`)));
		});
		request.once('response', (response: IncomingMessage) => {
			response.destroy();
			reject(unreachable(address, new Error(`${by}: ${refusal(response)}`)));
		});
		request.once('error', (error) =>
			reject(
				signal.aborted ? canceledError(signal) : unreachable(address, new Error(`${by}: ${error.message}`)),
			),
		);
		request.end();
	});
}

function credentials({ username, password }: URL): Record<string, string> {
	if (username === '' && password === '') return {};
	const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
	return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function refusal({ statusCode, statusMessage = '' }: IncomingMessage): string {
	const advice =
		statusCode === 407 ? '; put name and password into its URL' : '; NO_PROXY excepts hosts from it';
	return `it answers ${statusCode} ${statusMessage}`.trimEnd() + advice;
}
