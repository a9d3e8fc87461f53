/** Mixed into the options, always the last argument, of every asynchronous method. */
export interface AbortOptions {
	/**
	 * Stops the call: it rejects with code `canceled`, whose `cause` is the signal's reason. A signal that is
	 * already aborted rejects before anything is sent.
	 */
	readonly signal?: AbortSignal | undefined;
}
