import type { Transport } from '@olcf/container-builder-core';
import { connect } from './connect.js';
import { listen } from './listen.js';
import { relay } from './relay.js';
import { type WsOptions, wsSettings } from './ws-options.js';

/**
 * The transport over WebSockets, for `ws:`, `wss:` and `ws+unix:` (`ws+unix:///absolute/path.sock`). One channel is
 * one connection.
 *
 * - `wss:` with a fingerprint takes exactly that certificate, without one the usual rules hold.
 * - `ws:` is refused with `invalid-option` for other machines and with a token, unless `insecure`. A unix socket is
 *   as good as an encrypted connection.
 * - `listen` on a unix socket makes it with mode 0600, replaces one that a dead process left, and refuses one that
 *   is in use.
 */
export function ws(options: WsOptions = {}): Transport {
	const settings = wsSettings(options);
	return {
		specificationVersion: 'v1',
		name: 'ws',
		schemes: ['ws:', 'wss:', 'ws+unix:'],
		capabilities: { tls: true, sharedServer: true, through: true, relay: true },
		connect: (endpoint, request, connection) => connect(endpoint, request, connection ?? {}, settings),
		relay,
		listen: (listening) => listen(listening, settings),
	};
}
