import { sleep } from '../concurrency/sleep.js';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import {
	type AbortOptions,
	type Clock,
	ContainerBuilderError,
	type ErrorCode,
	isContainerBuilderError,
} from '../spec/index.js';
import { systemClock } from '../time/system-clock.js';

/** How long and how often a broken connection is made anew. */
export interface ReconnectOptions {
	/** Milliseconds without any progress after which a connection is given up. @default 60000 */
	readonly reconnectMs?: number | undefined;
	/**
	 * The same where the machine itself says that nobody listens at the endpoint. For sockets on this machine: a
	 * daemon that is gone does not come back. @default reconnectMs
	 */
	readonly refusedMs?: number | undefined;
	/** Milliseconds before the second try; doubled up to 2 s. @default 50 */
	readonly firstDelayMs?: number | undefined;
	/**
	 * Asked after each failure whether there is any sense in trying on: a rejection is the end, its error the cause;
	 * a number is a new, shorter limit in milliseconds.
	 */
	readonly confirm?: ((options: AbortOptions) => Promise<number | undefined>) | undefined;
	readonly clock?: Clock | undefined;
}

const LONGEST_DELAY_MS = 2_000;
/** A connection that stood for so long was a good one, also where nothing was said over it. */
const STEADY_MS = 1_000;
/** What a second try may mend. `busy`: the daemon has not yet noticed that the first connection is gone. */
const PASSING: readonly ErrorCode[] = ['connection-lost', 'builder-unreachable', 'busy'];

/** Whether `error` says that the connection is to blame, and not what was said over it. */
export function isConnectionError(error: unknown): boolean {
	return isContainerBuilderError(error) && PASSING.includes(error.code);
}

/** Whether there is no listener at all, as the operating system tells it. */
function isRefused(error: unknown): boolean {
	const cause = error instanceof Error ? error.cause : undefined;
	return cause instanceof Error && 'code' in cause && ['ECONNREFUSED', 'ENOENT'].includes(String(cause.code));
}

/** The patience of one operation with a connection that breaks. */
export class ReconnectBudget {
	readonly #options: ReconnectOptions;
	readonly #clock: Clock;
	readonly #what: string;
	/** Of the first failure in a row. */
	#since: number | undefined;
	#connectedAt: number | undefined;
	#tries = 0;

	constructor(what: string, options: ReconnectOptions) {
		this.#what = what;
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
	}

	/** Something came through: the next failure is the first of a new series. */
	progressed(): void {
		this.#since = undefined;
		this.#tries = 0;
	}

	/** The other side answered: if this lasts, the next failure is the first of a new series too. */
	connected(): void {
		this.#connectedAt = this.#clock.now();
	}

	/** Resolves when it is time for the next try; rejects when there is none: with what no try can mend, or `builder-lost`. */
	async failed(error: unknown, options: AbortOptions = {}): Promise<void> {
		throwIfAborted(options.signal);
		if (!isConnectionError(error)) throw error;
		const now = this.#clock.now();
		if (this.#connectedAt !== undefined && now - this.#connectedAt >= STEADY_MS) this.progressed();
		this.#connectedAt = undefined;
		this.#since ??= now;
		const { reconnectMs = 60_000, refusedMs = reconnectMs } = this.#options;
		let limit = isRefused(error) ? Math.min(refusedMs, reconnectMs) : reconnectMs;
		if (this.#options.confirm !== undefined) {
			try {
				limit = Math.min((await this.#options.confirm(options)) ?? limit, limit);
			} catch (gone) {
				throwIfAborted(options.signal);
				throw this.#lost('is gone', gone);
			}
		}
		const waited = this.#clock.now() - this.#since;
		const delay = Math.min((this.#options.firstDelayMs ?? 50) * 2 ** this.#tries++, LONGEST_DELAY_MS);
		if (waited + delay > limit) throw this.#lost(`has not answered for ${Math.ceil(limit / 1000)} s`, error);
		await sleep(delay * (0.5 + Math.random() / 2), options.signal);
	}

	#lost(how: string, cause: unknown): ContainerBuilderError {
		return new ContainerBuilderError('builder-lost', `${this.#what} ${how}`, {
			cause,
			hint: 'The machine or the way to it failed, not the definition: build again.',
		});
	}
}
