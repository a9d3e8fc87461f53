import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import {
	type AbortOptions,
	type BuildFilter,
	type BuildOutcome,
	type BuildRecord,
	type Checkout,
	type CheckoutRequest,
	ContainerBuilderError,
	type ImageRepository,
	type Lease,
	type ProvenanceKey,
	type Queue,
	type QueueEvent,
	type QueueEventMap,
	type QueueStatus,
} from '../spec/index.js';
import { ownEvents } from './own-events.js';
import { ownStatus } from './own-status.js';
import type { QueueEngine } from './queue-engine.js';

/** What one can do with a lease of which only the id is known. */
export type LeaseControl = Pick<Lease, 'renew' | 'replace' | 'detach' | 'attest' | 'release'>;

/** A queue as one user sees it: checkouts are the user's, and of builds only the user's own are known; an operator knows all. */
export class UserQueue implements Queue {
	/** Whose it is. */
	readonly user: string;
	readonly #engine: QueueEngine;
	/** Whose builds are known; undefined: everybody's. */
	readonly #sees: string | undefined;

	/** Made by `BuilderQueue.forUser`. */
	constructor(engine: QueueEngine, user: string, seesAll = false) {
		this.#engine = engine;
		this.user = user;
		this.#sees = seesAll ? undefined : user;
	}

	/** Whether everybody's builds may be seen and ended, but not taken over. */
	get #oversees(): boolean {
		return this.#sees === undefined || this.#engine.users.rulesOf(this.user).operator;
	}

	checkout(request: CheckoutRequest, options: AbortOptions = {}): Checkout {
		return this.#engine.checkout(request, this.user, options.signal);
	}

	async find(buildId: string, options: AbortOptions = {}): Promise<BuildRecord | undefined> {
		throwIfAborted(options.signal);
		return this.#engine.find(buildId, this.#oversees ? undefined : this.user);
	}

	async *list(filter: BuildFilter = {}, options: AbortOptions = {}): AsyncIterable<BuildRecord> {
		throwIfAborted(options.signal);
		const { all = this.#sees === undefined, ...rest } = filter;
		if (all && !this.#oversees) {
			throw new ContainerBuilderError('forbidden', `${this.user} may not see the builds of others`, {
				hint: 'Ask those who run the queue: it is for operators.',
			});
		}
		if (!all && filter.user !== undefined && filter.user !== this.user) return;
		for (const build of this.#engine.builds.list({ ...rest, user: all ? filter.user : this.user })) {
			throwIfAborted(options.signal);
			yield build;
		}
	}

	resume(buildId: string, options: AbortOptions = {}): Promise<Lease> {
		return this.#engine.resume(buildId, this.#sees, options.signal);
	}

	async cancel(
		buildId: string,
		options: { readonly reason?: string | undefined } & AbortOptions = {},
	): Promise<void> {
		throwIfAborted(options.signal);
		await this.#engine.cancel(
			buildId,
			this.#oversees ? undefined : this.user,
			options.reason ?? `canceled by ${this.user}`,
		);
	}

	async status(options: AbortOptions = {}): Promise<QueueStatus> {
		throwIfAborted(options.signal);
		const status = this.#engine.status();
		return this.#oversees ? status : ownStatus(status, this.user);
	}

	watch(options: { readonly after?: number } & AbortOptions = {}): AsyncIterable<QueueEvent> {
		const events = this.#engine.events.watch(options.after, options.signal);
		if (this.#oversees) return events;
		return ownEvents(events, (buildId) => this.#engine.find(buildId, this.user) !== undefined);
	}

	async images(options: AbortOptions = {}): Promise<readonly ImageRepository[]> {
		throwIfAborted(options.signal);
		return await this.#engine.images();
	}

	async provenanceKey(options: AbortOptions = {}): Promise<ProvenanceKey> {
		throwIfAborted(options.signal);
		return await this.#engine.desk.attestor.key();
	}

	/** The user's lease of that id, by which it can be kept or given back. Throws `not-found`. */
	lease(leaseId: string): LeaseControl {
		const { desk } = this.#engine;
		const lease = desk.find(leaseId, this.#sees);
		const { id } = lease;
		return {
			renew: async () => desk.renew(id),
			replace: (_reason, options) => desk.replace(id, options?.signal),
			detach: async ({ keepMs }) => desk.detach(id, keepMs),
			attest: (options) => desk.attestor.attest(lease, options?.signal),
			release: async (outcome: BuildOutcome) => desk.release(id, outcome),
		};
	}

	on<E extends keyof QueueEventMap>(event: E, listener: QueueEventMap[E]): this {
		this.#engine.events.emitter.on(event, listener);
		return this;
	}

	once<E extends keyof QueueEventMap>(event: E, listener: QueueEventMap[E]): this {
		this.#engine.events.emitter.once(event, listener);
		return this;
	}

	off<E extends keyof QueueEventMap>(event: E, listener: QueueEventMap[E]): this {
		this.#engine.events.emitter.off(event, listener);
		return this;
	}

	/** Does nothing: the queue is closed by who made it. */
	async close(): Promise<void> {}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}
