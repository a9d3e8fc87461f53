import { linkSignal } from '../concurrency/link-signal.js';
import { type AbortOptions, type Clock, isContainerBuilderError, type Lease } from '../spec/index.js';

/** How long one sign of life may take. */
const RENEW_TIMEOUT_MS = 15_000;

/** What the queue said to a sign of life. */
export type QueueAnswer = 'alive' | 'unreachable' | 'closed';

/** What a lease's keeper tells. */
export interface LeaseKeeperOptions {
	readonly clock: Clock;
	/** The lease is over. Called once. */
	readonly onLost: (error: unknown) => void;
	/** The queue did not answer: the build goes on, until the deadline if need be. Called at the first of a series. */
	readonly onUnreachable: (error: unknown) => void;
}

/** Gives the queue signs of life as long as the build runs. */
export class LeaseKeeper {
	readonly #lease: Lease;
	readonly #options: LeaseKeeperOptions;
	readonly #stop = linkSignal();
	#cancelTimer: () => void = () => {};
	#unreachable = false;
	#deadlineAt: number;

	constructor(lease: Lease, options: LeaseKeeperOptions) {
		this.#lease = lease;
		this.#options = options;
		this.#deadlineAt = options.clock.now() + lease.deadlineMs;
		this.#schedule();
	}

	/** Whether the deadline has passed, as far as the queue has told of it. */
	get isOverdue(): boolean {
		return this.#options.clock.now() >= this.#deadlineAt;
	}

	/** Asks at once. Rejects with `lease-lost` when it is over. */
	async renew(
		options: { readonly timeoutMs?: number | undefined } & AbortOptions = {},
	): Promise<QueueAnswer> {
		const limit = linkSignal(this.#stop.signal, options.signal);
		const cancelTimer = this.#options.clock.schedule(
			() => limit.abort('the queue did not answer'),
			options.timeoutMs ?? RENEW_TIMEOUT_MS,
		);
		try {
			const { remainingMs } = await this.#lease.renew({ signal: limit.signal });
			this.#deadlineAt = this.#options.clock.now() + remainingMs;
			this.#unreachable = false;
			return 'alive';
		} catch (error) {
			const code = isContainerBuilderError(error) ? error.code : undefined;
			if (code === 'lease-lost' || code === 'not-found' || code === 'forbidden') throw error;
			const wanted = !this.#stop.signal.aborted && options.signal?.aborted !== true;
			if (!this.#unreachable && wanted) this.#options.onUnreachable(error);
			this.#unreachable = wanted;
			return code === 'queue-closed' ? 'closed' : 'unreachable';
		} finally {
			cancelTimer();
			limit.dispose();
		}
	}

	/** Idempotent. */
	stop(): void {
		this.#cancelTimer();
		this.#stop.abort();
	}

	#schedule(): void {
		this.#cancelTimer = this.#options.clock.schedule(() => void this.#beat(), this.#lease.idleMs / 3);
	}

	async #beat(): Promise<void> {
		try {
			await this.renew();
			if (!this.#stop.signal.aborted) this.#schedule();
		} catch (error) {
			if (!this.#stop.signal.aborted) this.#options.onLost(error);
		}
	}
}
