import { type Clock, ContainerBuilderError } from '../../spec/index.js';
import { retryAfterMs } from './retry-after.js';

interface Closing {
	readonly untilMs: number;
	readonly error: ContainerBuilderError;
}

/** Lets no call of a method through that its provider has asked not to repeat yet. */
export class CallGate {
	readonly #clock: Clock;
	readonly #closings = new Map<string, Closing>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Throws what the method failed with last, as long as it is not to be called. */
	check(method: string): void {
		const closing = this.#closings.get(method);
		if (closing === undefined) return;
		const { error, untilMs } = closing;
		const leftMs = untilMs - this.#clock.now();
		if (leftMs > 0) {
			const { code, message, hint, retryable } = error;
			const details = { ...error.details, retryAfterMs: leftMs };
			// Nothing is made by a call that is not made.
			throw new ContainerBuilderError(code, message, {
				hint,
				retryable,
				details,
				outcome: 'none',
				cause: error,
			});
		}
		this.#closings.delete(method);
	}

	/** Takes note of how a method has failed. */
	failed(method: string, error: ContainerBuilderError): void {
		const ms = retryAfterMs(error);
		if (ms !== undefined) this.#closings.set(method, { untilMs: this.#clock.now() + ms, error });
	}
}
