import { userInfo } from 'node:os';
import { abortable } from '../concurrency/abortable.js';
import type { AbortOptions } from '../spec/index.js';
import type { BuilderQueueOptions } from './builder-queue-options.js';
import { QueueEngine } from './queue-engine.js';
import { UserQueue } from './user-queue.js';

/**
 * The queue in this process: takes checkouts in order, has the provider make builders, hands out leases, and
 * destroys what it made. Embed one in a program, or serve it to others with `serveQueue`.
 *
 * The constructor does no I/O. Without a reserve, builders are made when they are asked for.
 */
export class BuilderQueue extends UserQueue {
	readonly #engine: QueueEngine;

	/** Throws `invalid-option` and `unsupported-specification`. */
	constructor(options: BuilderQueueOptions) {
		const engine = new QueueEngine(options);
		super(engine, options.user ?? nameOfUser(), true);
		this.#engine = engine;
	}

	/**
	 * Destroys what a queue of the same owner left behind, then fills the reserve; the first checkout does it too.
	 * Resolves when it is done with the former; tries on while the provider is out of reach. Rejects with what time
	 * does not mend, such as `provider-misconfigured`, and can be called again then.
	 */
	async start(options: AbortOptions = {}): Promise<void> {
		await abortable(this.#engine.start(), options.signal);
	}

	/** The queue as this user sees it; for services that know their users. */
	forUser(user: string): UserQueue {
		return new UserQueue(this.#engine, user);
	}

	/**
	 * Takes no more, ends all waits and leases, destroys all builders, and resolves when the provider lists none.
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
