import { ContainerBuilderError } from '@olcf/container-builder-core';

/** What a URL of this transport points to. */
export type WsAddress =
	| { readonly kind: 'unix'; readonly path: string }
	| { readonly kind: 'plain'; readonly host: string; readonly port: number }
	| TlsAddress;

/** A host and port where TLS is spoken. */
export interface TlsAddress {
	readonly kind: 'tls';
	readonly host: string;
	readonly port: number;
}

/** The kernel's limit for the path of a unix socket. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Reads `ws://host:port`, `wss://host:port` or `ws+unix:///path`; throws `invalid-option`. */
export function parseAddress(text: string): WsAddress {
	let url: URL;
	try {
		url = new URL(text);
	} catch (cause) {
		throw invalid(`'${text}' is not a URL`, { cause });
	}
	if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
		throw invalid(`the URL for ${url.host} may hold scheme, host and port only; tokens are given apart`);
	}
	if (url.protocol === 'ws+unix:') return { kind: 'unix', path: socketPath(url, text) };
	if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
		throw invalid(`the WebSocket transport cannot reach '${text}'`);
	}
	if (url.pathname !== '/' && url.pathname !== '') {
		throw invalid(`'${text}' may not have a path`);
	}
	const tls = url.protocol === 'wss:';
	// `URL` leaves out a port that is the scheme's default.
	const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
	return { kind: tls ? 'tls' : 'plain', host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

/** The URL of an address. */
export function formatAddress(address: WsAddress): string {
	if (address.kind === 'unix')
		return `ws+unix://${encodeURI(address.path).replaceAll('?', '%3F').replaceAll('#', '%23')}`;
	const host = address.host.includes(':') ? `[${address.host}]` : address.host;
	return `${address.kind === 'tls' ? 'wss' : 'ws'}://${host}:${address.port}`;
}

/** Whether a host name or address is this machine's own loopback. */
export function isLoopback(host: string): boolean {
	const name = host.toLowerCase().replace(/^::ffff:/, '');
	return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function socketPath(url: URL, text: string): string {
	if (url.host !== '' || !url.pathname.startsWith('/')) {
		throw invalid(`'${text}' must name an absolute path: ws+unix:///path/to/socket`);
	}
	const path = decodeURIComponent(url.pathname);
	if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES || path.includes('\0')) {
		throw invalid(`the path of a unix socket has at most ${MAX_SOCKET_PATH_BYTES} bytes: ${path}`, {
			hint: 'Choose a shorter directory.',
		});
	}
	return path;
}

function invalid(message: string, options?: { cause?: unknown; hint?: string }): ContainerBuilderError {
	return new ContainerBuilderError('invalid-option', message, {
		hint: 'Give ws://host:port, wss://host:port or ws+unix:///path/to/socket.',
		...options,
	});
}
