/** Time as a parameter: monotonic, and replaceable by a virtual one in tests and simulations. */
export interface Clock {
	/** Monotonic milliseconds since some fixed moment. */
	now(): number;
	/** Calls `callback` once after `delayMs`; the returned function takes it back. Does not keep the process alive. */
	schedule(callback: () => void, delayMs: number): () => void;
}
