import { setMaxListeners } from 'node:events';
import { type Deferred, deferred } from '../concurrency/deferred.js';
import {
	type BuildRecord,
	type Checkout,
	type CheckoutRequest,
	ContainerBuilderError,
	type ImageRepository,
	type Lease,
	type QueueStatus,
} from '../spec/index.js';
import { KeepAlive } from '../time/keep-alive.js';
import { withTimeLimit } from '../time/time-limit.js';
import type { BuilderQueueOptions, QueueSettings } from './builder-queue-options.js';
import { checkName } from './check-name.js';
import { checkSpecification } from './check-specification.js';
import { EventLog } from './event-log.js';
import type { BuildBook } from './leases/build-book.js';
import type { LeaseDesk } from './leases/lease-desk.js';
import { KnownUsers } from './line/known-users.js';
import type { LinePolicy } from './line/line-policy.js';
import { type PoolSettings, poolSettings } from './pool/pool-settings.js';
import { servePools } from './pool/serve-pools.js';
import { queueClosed } from './queue-closed.js';
import { type QueueParts, queueParts } from './queue-parts.js';
import { queueStatus } from './queue-status.js';
import { queueTimings } from './queue-timings.js';
import { handedOver } from './records/handed-over.js';

/** Why a queue has ended. `handed-over`: builders are left for the next process. `replaced`: another process is the queue now. */
export type QueueEndReason = 'closed' | 'handed-over' | 'replaced';

/** The works of a queue in this process: the line, the pools, and the leases that join the two. */
export class QueueEngine {
	readonly events = new EventLog();
	readonly #options: BuilderQueueOptions;
	readonly #parts: QueueParts;
	readonly #alive = new KeepAlive();
	readonly #stop = new AbortController();
	readonly #giveUp = new AbortController();
	readonly #ended: Deferred<QueueEndReason> = deferred();
	readonly users = new KnownUsers(() => this.#settings.users ?? {});
	#settings: QueueSettings;
	#abandoned: ContainerBuilderError | undefined;
	#state: QueueStatus['state'] = 'open';
	#starting: Promise<void> | undefined;
	#closing: Promise<void> | undefined;

	constructor(options: BuilderQueueOptions) {
		const { provider, owner, store } = options;
		checkSpecification('provider', provider);
		if (store !== undefined) checkSpecification('store', store);
		checkName(owner, 'owner of a queue');
		this.#options = options;
		this.#settings = options;
		const { signal } = this.#giveUp;
		// As many listen as builders are being destroyed.
		setMaxListeners(0, signal);
		this.#parts = queueParts(options, {
			publish: (news) => this.events.publish(news),
			linePolicy: () => this.#linePolicy(),
			rulesOf: (user) => this.users.rulesOf(user),
			checkOpen: () => this.#checkOpen(),
			onPoolsChange: () => servePools(this.#parts, { handsOut: this.#state === 'open' }),
			signal,
		});
		this.#parts.pools.configure(this.#poolSettings(options));
	}

	get builds(): BuildBook {
		return this.#parts.builds;
	}

	get desk(): LeaseDesk {
		return this.#parts.desk;
	}

	/** Resolves when the queue has ended, with why. */
	get ended(): Promise<QueueEndReason> {
		return this.#ended.promise;
	}

	/** Becomes the owner's one queue, and goes on with what an earlier process has left. */
	async acquire(): Promise<void> {
		this.#checkOpen();
		const letGo = this.#alive.hold();
		try {
			await this.#parts.recovery.recover(this.#stop.signal, () => this.#abandon('replaced'));
		} catch (error) {
			throw this.#stop.signal.aborted ? queueClosed() : error;
		} finally {
			letGo();
		}
	}

	/** The same, then fills the reserve. Rejects with what time does not mend. */
	start(): Promise<void> {
		if (this.#state !== 'open') return Promise.reject(this.#abandoned ?? queueClosed());
		this.#starting ??= this.#startUp().catch((error: unknown) => {
			this.#starting = undefined;
			throw error;
		});
		return this.#starting;
	}

	checkout(request: CheckoutRequest, user: string, signal: AbortSignal | undefined): Checkout {
		const checkout = this.#parts.admission.checkout(request, user, signal);
		// A start that fails for good fails all who wait.
		if (this.#state === 'open') this.start().catch(() => {});
		return checkout;
	}

	async resume(buildId: string, user: string | undefined, signal: AbortSignal | undefined): Promise<Lease> {
		await this.#recovered(signal);
		const lease = this.desk.leases.ofBuild(buildId);
		if (lease === undefined || (user !== undefined && lease.user !== user)) {
			throw new ContainerBuilderError('not-found', `no build ${buildId} of yours is running`);
		}
		return await this.desk.resume(lease, signal);
	}

	async cancel(buildId: string, user: string | undefined, reason: string): Promise<void> {
		await this.#recovered(undefined);
		const build = this.find(buildId, user);
		if (build === undefined)
			throw new ContainerBuilderError('not-found', `there is no build ${buildId} of yours`);
		const waiting = this.#parts.room.find(buildId);
		if (waiting !== undefined) this.#parts.room.fail(waiting, new ContainerBuilderError('canceled', reason));
		const lease = this.desk.leases.ofBuild(buildId);
		if (lease !== undefined) await this.desk.cancel(lease, reason);
		else if (build.state === 'queued') await this.builds.end(buildId, 'canceled');
	}

	find(buildId: string, user: string | undefined): BuildRecord | undefined {
		const build = this.builds.find(buildId);
		return user === undefined || build?.user === user ? build : undefined;
	}

	async images(): Promise<readonly ImageRepository[]> {
		return (await this.#options.catalogue?.()) ?? [];
	}

	status(): QueueStatus {
		return queueStatus({
			owner: this.#options.owner,
			version: this.#options.version ?? '0.0.0-development',
			state: this.#state,
			pools: this.#parts.pools.all,
			leases: this.desk.leases.active,
			waiting: this.#parts.room.places,
			now: this.#parts.clock.now(),
		});
	}

	/** Takes other settings over. Throws `invalid-option`, and changes nothing then. */
	configure(settings: QueueSettings): void {
		this.#checkOpen();
		const pools = this.#poolSettings(settings);
		this.#parts.pools.configure(pools);
		this.#settings = settings;
		this.desk.leases.configure(queueTimings({ ...this.#options, ...settings }));
		for (const entry of this.#parts.room.entries) {
			if (pools.some(({ name }) => name === entry.pool)) continue;
			const message = `this queue has no pool ${entry.pool} any more`;
			this.#parts.room.fail(entry, new ContainerBuilderError('unsupported', message));
		}
		this.#parts.room.configure(this.#linePolicy());
		if (this.#starting !== undefined) void this.#startFleets().catch(() => {});
	}

	/** Takes nothing new, lets what runs end, at most for so long, and closes then. */
	async drain(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
		if (this.#state === 'open') {
			this.#setState('draining');
			for (const entry of this.#parts.room.entries) this.#parts.room.fail(entry, queueClosed());
			for (const pool of this.#parts.pools.all) pool.drain();
		}
		const letGo = this.#alive.hold();
		try {
			await this.desk.leases.untilNone({ timeoutMs, signal });
		} finally {
			letGo();
		}
		await this.close();
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	/** Ends, and leaves builders and builds as they are: the next process of this owner takes them over. */
	handOver(): Promise<void> {
		this.#closing ??= this.#abandon('handed-over');
		return this.#closing;
	}

	/** Whoever asks for a build asks for those of an earlier process too: starts the queue as a checkout does. */
	async #recovered(signal: AbortSignal | undefined): Promise<void> {
		const { recovery } = this.#parts;
		if (!recovery.isDone) await Promise.race([recovery.done(signal), this.start()]);
	}

	async #startUp(): Promise<void> {
		await this.acquire();
		const letGo = this.#alive.hold();
		try {
			await this.#startFleets();
		} finally {
			letGo();
		}
	}

	async #startFleets(): Promise<void> {
		await Promise.all(
			this.#parts.pools.fleets.map((fleet) =>
				fleet.start().catch((error: unknown) => {
					const reason = ContainerBuilderError.from(error);
					if (this.#state === 'open') {
						for (const { settings } of fleet.pools) this.#parts.room.failBehind(settings.name, 0, reason);
					}
					throw error;
				}),
			),
		);
	}

	async #close(): Promise<void> {
		const letGo = this.#alive.hold();
		const began = this.#starting !== undefined;
		if (this.#state === 'open') this.#setState('draining');
		this.#stop.abort();
		for (const entry of this.#parts.room.entries) this.#parts.room.fail(entry, queueClosed());
		await this.desk.close();
		const limitMs = queueTimings(this.#options).closeTimeoutMs;
		const onTimeout = (): ContainerBuilderError => {
			const left = this.#parts.pools.builders.map(({ id }) => id).join(', ');
			return new ContainerBuilderError(
				'provider-unavailable',
				`the queue is closed, but builders are left: ${left === '' ? 'the provider does not say which' : left}`,
				{ hint: 'They are destroyed when a queue of the same owner starts again.' },
			);
		};
		const fleets = this.#parts.pools.fleets.filter(() => began);
		try {
			await withTimeLimit({ clock: this.#parts.clock, limitMs, onTimeout }, async () => {
				await Promise.all(fleets.map((fleet) => fleet.close()));
			});
		} finally {
			this.#giveUp.abort();
			await this.#end('closed');
			letGo();
		}
	}

	/** Ends without a word to builders and provider. */
	async #abandon(reason: 'handed-over' | 'replaced'): Promise<void> {
		if (this.#state === 'closed') return;
		const error = handedOver();
		this.#abandoned = error;
		this.#setState('closed');
		this.#stop.abort();
		for (const entry of this.#parts.room.entries) this.#parts.room.dismiss(entry, error);
		this.desk.leases.abandon(error);
		for (const fleet of this.#parts.pools.fleets) fleet.abandon(error);
		this.#giveUp.abort();
		await this.#end(reason);
	}

	async #end(reason: QueueEndReason): Promise<void> {
		this.#parts.room.close();
		await this.#parts.records.close().catch(() => {});
		if (this.#state !== 'closed') this.#setState('closed');
		this.events.end();
		this.#ended.resolve(reason);
	}

	#poolSettings(settings: QueueSettings): readonly PoolSettings[] {
		const pools = poolSettings(this.#options.provider, settings);
		for (const { provider } of pools) checkSpecification('provider', provider);
		return pools;
	}

	#linePolicy(): LinePolicy {
		return { ...this.#settings.fairness, limitsOf: (user) => this.users.rulesOf(user) };
	}

	#setState(state: QueueStatus['state']): void {
		this.#state = state;
		this.events.publish({ type: 'queue-state', state });
	}

	#checkOpen(): void {
		if (this.#state !== 'open') throw this.#abandoned ?? queueClosed();
	}
}
