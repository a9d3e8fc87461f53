/**
 * WebSocket transport of container-builder: `ws:`, `wss:` with pinned certificates, and unix sockets.
 *
 * @packageDocumentation
 */
export { ws } from './ws.js';
export type { WsOptions } from './ws-options.js';
