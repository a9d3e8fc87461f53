/** Options of `ws()`. */
export interface WsOptions {
	/**
	 * Milliseconds between pings. A peer from which nothing at all came during two of them is `timeout`. The smaller
	 * of the two sides' values holds for both; 0 leaves it to the other side. @default 15000
	 */
	readonly heartbeatMs?: number | undefined;
	/**
	 * Bytes that may wait, in each direction: above it reading stops until somebody iterates, and `send` waits.
	 * @default 4 MiB
	 */
	readonly highWaterBytes?: number | undefined;
	/** Upper bound of one received frame on connections that this side opens, in bytes. @default 4 MiB */
	readonly maxFrameBytes?: number | undefined;
	/** Milliseconds after which a connection that was neither accepted nor rejected is rejected. @default 10000 */
	readonly acceptTimeoutMs?: number | undefined;
	/**
	 * Milliseconds that `close` waits for a peer that neither reads what was sent nor answers; then the connection
	 * is dropped. @default 30000
	 */
	readonly closeTimeoutMs?: number | undefined;
	/** Certificates, PEM, that sign those of `wss:` endpoints without a fingerprint. @default those of Node */
	readonly ca?: string | readonly string[] | undefined;
	/**
	 * An HTTP proxy that connections to other machines are opened through: its URL, or `environment` for the one that
	 * HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name. @default none
	 */
	readonly proxy?: 'environment' | (string & {}) | undefined;
	/**
	 * Allows unencrypted connections to and from other machines, and tokens over them: the default of
	 * `ConnectOptions.insecure`, and leave to listen with `ws:` on more than loopback. @default false
	 */
	readonly insecure?: boolean | undefined;
}

/** {@link WsOptions} with all defaults filled in. */
export interface WsSettings {
	readonly heartbeatMs: number;
	readonly highWaterBytes: number;
	readonly maxFrameBytes: number;
	readonly acceptTimeoutMs: number;
	readonly closeTimeoutMs: number;
	readonly ca: string | string[] | undefined;
	readonly proxy: string | undefined;
	readonly insecure: boolean;
}

export const DEFAULT_MAX_FRAME_BYTES = 4 * 2 ** 20;

export function wsSettings(options: WsOptions): WsSettings {
	const { ca } = options;
	return {
		heartbeatMs: options.heartbeatMs ?? 15_000,
		highWaterBytes: options.highWaterBytes ?? 2 ** 22,
		maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
		acceptTimeoutMs: options.acceptTimeoutMs ?? 10_000,
		closeTimeoutMs: options.closeTimeoutMs ?? 30_000,
		ca: ca === undefined || typeof ca === 'string' ? ca : [...ca],
		proxy: options.proxy,
		insecure: options.insecure ?? false,
	};
}
