import { ContainerBuilderError } from '@olcf/container-builder-core';
import { getProxyForUrl } from 'proxy-from-env';
import { isLoopback, type WsAddress } from './ws-address.js';

/**
 * The HTTP proxy that leads to an address, or undefined. `environment`: as HTTPS_PROXY (for `wss:`), HTTP_PROXY (for `ws:`),
 * ALL_PROXY and NO_PROXY say, in small or capital letters. There is none to this machine itself. Throws `invalid-option` for
 * what is no proxy's URL.
 */
export function proxyFor(address: WsAddress, proxy: string | undefined): URL | undefined {
	if (proxy === undefined || address.kind === 'unix' || isLoopback(address.host)) return undefined;
	const host = address.host.includes(':') ? `[${address.host}]` : address.host;
	const scheme = address.kind === 'tls' ? 'https' : 'http';
	const text = proxy === 'environment' ? getProxyForUrl(`${scheme}://${host}:${address.port}`) : proxy;
	if (text === '') return undefined;
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
	// Not the URL itself: there may be a password in it.
	throw new ContainerBuilderError('invalid-option', 'the proxy for connections is no http: or https: URL', {
		hint: 'Write HTTPS_PROXY=http://HOST:PORT, or except this host by NO_PROXY.',
	});
}
