/** Time as a parameter: monotonic, and replaceable by a virtual one in tests and simulations. */
export interface Clock {
	/** Monotonic milliseconds since some fixed moment. */
	now(): number;
	/**
	 * Milliseconds since 1970, for what must be understood after a restart; decides nothing else, for it may jump.
	 * @default Date.now()
	 */
	epoch?(): number;
	/** Calls `callback` once after `delayMs`; the returned function takes it back. Does not keep the process alive. */
	schedule(callback: () => void, delayMs: number): () => void;
}
