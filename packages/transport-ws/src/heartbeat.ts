/** Intervals without a byte after which a peer counts as dead. */
const SILENT_INTERVALS = 2;

/** What a heartbeat needs to know and do. */
export interface HeartbeatOptions {
	/** 0: none. */
	readonly intervalMs: number;
	/** Bytes that came from the peer so far. */
	bytesRead(): number;
	/** Whether this side has stopped reading: the peer cannot be heard then. */
	isDeaf(): boolean;
	ping(): void;
	onSilence(): void;
}

/**
 * Pings, and notices a peer that is gone. Any byte is a sign of life, not the pong alone: a peer that has stopped
 * reading never sees our pings, but sends its own. Returns what stops it.
 */
export function heartbeat(options: HeartbeatOptions): () => void {
	if (options.intervalMs <= 0) return () => {};
	let seen = options.bytesRead();
	// The first interval passes before anything was asked.
	let silent = -1;
	const timer = setInterval(() => {
		const now = options.bytesRead();
		silent = now !== seen || options.isDeaf() ? 0 : silent + 1;
		seen = now;
		if (silent < SILENT_INTERVALS) {
			options.ping();
			return;
		}
		clearInterval(timer);
		options.onSilence();
	}, options.intervalMs);
	timer.unref();
	return () => clearInterval(timer);
}

/** The interval that holds for both sides: the smaller one, but no peer can ask for less than a second. */
export function agreeHeartbeat(ownMs: number, peerHeader: string | string[] | undefined): number {
	const peerMs = typeof peerHeader === 'string' && /^\d{1,9}$/.test(peerHeader) ? Number(peerHeader) : 0;
	if (peerMs === 0) return ownMs;
	if (ownMs === 0) return Math.max(peerMs, 1_000);
	return Math.min(ownMs, Math.max(peerMs, 1_000));
}
