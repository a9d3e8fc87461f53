import type { Transport } from '@olcf/container-builder-core';
import type { WsOptions } from '@olcf/container-builder-transport-ws';

/**
 * The transport over WebSockets, for `ws:`, `wss:` and `ws+unix:`; its code is loaded with the first connection. See
 * the package `@olcf/container-builder-transport-ws`.
 */
export function ws(options: WsOptions = {}): Transport {
	let loaded: Promise<Transport> | undefined;
	const load = (): Promise<Transport> => {
		loaded ??= import('@olcf/container-builder-transport-ws').then((transport) => transport.ws(options));
		return loaded;
	};
	return {
		specificationVersion: 'v1',
		name: 'ws',
		schemes: ['ws:', 'wss:', 'ws+unix:'],
		capabilities: { tls: true, sharedServer: true, through: true, relay: true },
		connect: async (endpoint, request, connection) => (await load()).connect(endpoint, request, connection),
		relay: async (channel, endpoint, options) => {
			const transport = await load();
			if (transport.relay === undefined) throw new TypeError('this transport carries nothing on');
			await transport.relay(channel, endpoint, options);
		},
		listen: async (listening) => (await load()).listen(listening),
	};
}
