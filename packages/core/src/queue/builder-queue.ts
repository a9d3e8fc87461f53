import { userInfo } from 'node:os';
import { abortable } from '../concurrency/abortable.js';
import type { AbortOptions, Endpoint } from '../spec/index.js';
import type { BuilderQueueOptions, QueueSettings } from './builder-queue-options.js';
import { type QueueEndReason, QueueEngine } from './queue-engine.js';
import { UserQueue } from './user-queue.js';

/**
 * The queue in this process: takes checkouts in order, has providers make builders, hands out leases, and destroys
 * what it made. Embed one in a program, or serve it to others with `serveQueue`.
 *
 * The constructor does no I/O. Without a reserve, builders are made when they are asked for. With a `store` that
 * outlives the process, so do builds: the next queue of the same owner over the same store takes them over.
 */
export class BuilderQueue extends UserQueue {
	readonly #engine: QueueEngine;

	/** Throws `invalid-option` and `unsupported-specification`. */
	constructor(options: BuilderQueueOptions) {
		const engine = new QueueEngine(options);
		super(engine, options.user ?? nameOfUser(), true);
		this.#engine = engine;
	}

	/** Resolves when the queue has ended, with why. */
	get ended(): Promise<QueueEndReason> {
		return this.#engine.ended;
	}

	/**
	 * Waits until no other process is this owner's queue, and goes on with the builds that the last one had; part of
	 * `start`, for services that listen only then. Rejects with `queue-closed`, and with what the store rejects with.
	 */
	async acquire(options: AbortOptions = {}): Promise<void> {
		await abortable(this.#engine.acquire(), options.signal);
	}

	/**
	 * Takes over what an earlier queue of the same owner left behind, destroys what nobody knows, then fills the
	 * reserve; the first checkout does it too. Resolves when it is done with the former; tries on while a provider is out
	 * of reach. Rejects with what time does not mend, such as `provider-misconfigured`, and can be called again then.
	 */
	async start(options: AbortOptions = {}): Promise<void> {
		await abortable(this.#engine.start(), options.signal);
	}

	/**
	 * Other pools, rules and times from now on. Leases go on under the terms that they were granted with; a pool that is
	 * no more gives up what nobody has, and fails with `unsupported` who waits for it. Throws `invalid-option`, and changes
	 * nothing then.
	 */
	configure(settings: QueueSettings): void {
		this.#engine.configure(settings);
	}

	/** The queue as this user sees it; for services that know their users, and the groups that they are in. */
	forUser(user: string, options: { readonly groups?: readonly string[] | undefined } = {}): UserQueue {
		this.#engine.users.setGroups(user, options.groups ?? []);
		return new UserQueue(this.#engine, user);
	}

	/**
	 * Where the builder of a lease is, for a service that carries connections there until the event `lease-end` of that
	 * builder: only for who shows a token of the lease. Throws `not-found`.
	 */
	relayed(leaseId: string, token: string): { readonly builderId: string; readonly endpoint: Endpoint } {
		return this.#engine.desk.relayed(leaseId, token);
	}

	/**
	 * Takes no more, ends all waits, lets leases end by themselves for `timeoutMs` at most, then closes. Aborting closes
	 * at once.
	 */
	async drain(options: { readonly timeoutMs: number } & AbortOptions): Promise<void> {
		await this.#engine.drain(options.timeoutMs, options.signal);
	}

	/**
	 * Ends, and leaves all as it is: builders stay, builds go on, and the next queue of this owner over the same store
	 * takes them over. Who waits hears `connection-lost`: clients elsewhere come back by themselves. Idempotent.
	 */
	handOver(): Promise<void> {
		return this.#engine.handOver();
	}

	/**
	 * Takes no more, ends all waits and leases, destroys all builders, and resolves when the providers list none.
	 * Rejects with `provider-unavailable` naming what is left after `closeTimeoutMs`. Idempotent.
	 */
	override close(): Promise<void> {
		return this.#engine.close();
	}
}

function nameOfUser(): string {
	try {
		return userInfo().username;
	} catch {
		return String(process.getuid?.() ?? 'unknown');
	}
}
