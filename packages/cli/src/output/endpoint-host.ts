/** What was HOST and PORT in the original; a unix socket is its path and `-`. */
export interface HostAndPort {
	readonly host: string;
	readonly port: string;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'ws:': '80', 'wss:': '443' };

/** Host and port of an endpoint's URL; `-` where there is none. */
export function endpointHost(url: string | undefined): HostAndPort {
	if (url === undefined || !URL.canParse(url)) return { host: url ?? '-', port: '-' };
	const { protocol, hostname, port, pathname } = new URL(url);
	if (protocol.includes('unix')) return { host: decodeURIComponent(pathname), port: '-' };
	return { host: hostname.replace(/^\[|\]$/g, ''), port: port || (DEFAULT_PORTS[protocol] ?? '-') };
}
