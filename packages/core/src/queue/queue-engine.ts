import { setMaxListeners } from 'node:events';
import { canceledError, throwIfAborted } from '../concurrency/throw-if-aborted.js';
import {
	type BuildRecord,
	type Checkout,
	type CheckoutRequest,
	type Clock,
	ContainerBuilderError,
	type ImageRepository,
	type Lease,
	type Logger,
	type QueueStatus,
} from '../spec/index.js';
import { systemClock } from '../time/system-clock.js';
import { backoffMs } from './backoff.js';
import { BuildBook } from './build-book.js';
import { BuilderJournal } from './builder-journal.js';
import {
	type BuilderQueueOptions,
	checkName,
	type PoolSettings,
	resolvePool,
} from './builder-queue-options.js';
import { checkCheckout } from './check-checkout.js';
import { checkSpecification } from './check-specification.js';
import { CheckoutHandle } from './checkout-handle.js';
import { EventLog } from './event-log.js';
import { KeepAlive } from './keep-alive.js';
import { LeaseDesk } from './lease-desk.js';
import { memoryStore } from './memory-store.js';
import { pause } from './pause.js';
import { placeNews } from './place-news.js';
import { Pool } from './pool.js';
import { ProviderCalls } from './provider-calls.js';
import { queueClosed } from './queue-closed.js';
import { queueStatus } from './queue-status.js';
import { queueTimings } from './queue-timings.js';
import { withTimeLimit } from './time-limit.js';
import { WaitingRoom } from './waiting-room.js';

const START_PAUSES = { firstMs: 500, maxMs: 30_000 };
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The works of a queue in this process: the line, the pool, and the leases that join the two. */
export class QueueEngine {
	readonly events = new EventLog();
	readonly builds: BuildBook;
	readonly desk: LeaseDesk;
	readonly #options: BuilderQueueOptions;
	readonly #clock: Clock;
	readonly #journal: BuilderJournal;
	readonly #pool: Pool;
	readonly #settings: PoolSettings;
	readonly #room: WaitingRoom;
	readonly #closeTimeoutMs: number;
	readonly #alive = new KeepAlive();
	readonly #stop = new AbortController();
	readonly #giveUp = new AbortController();
	#state: QueueStatus['state'] = 'open';
	#starting: Promise<void> | undefined;
	#startError: ContainerBuilderError | undefined;
	#started = false;
	#closing: Promise<void> | undefined;

	constructor(options: BuilderQueueOptions) {
		const { provider, owner, clock = systemClock, logger = silent } = options;
		const store = options.store ?? memoryStore();
		checkSpecification('provider', provider);
		checkSpecification('store', store);
		checkName(owner, 'owner of a queue');
		this.#options = options;
		this.#clock = clock;
		this.#settings = resolvePool(provider, options.pool);
		this.#journal = new BuilderJournal(store, owner);
		this.builds = new BuildBook(clock);
		this.#room = new WaitingRoom({
			clock,
			builds: this.builds,
			publish: (news) => this.events.publish(news),
			onChange: () => this.#pool.wake(),
		});
		const timings = queueTimings(options);
		this.#closeTimeoutMs = timings.closeTimeoutMs;
		const createConcurrency = options.createConcurrency ?? 2;
		const { signal } = this.#giveUp;
		// As many listen as builders are being destroyed.
		setMaxListeners(0, signal);
		this.desk = new LeaseDesk({
			...timings,
			clock,
			builds: this.builds,
			room: this.#room,
			pool: () => this.#pool,
			publish: (news) => this.events.publish(news),
			checkOpen: () => this.#checkOpen(),
			logins: options.logins,
			logger,
		});
		this.#pool = new Pool({
			calls: new ProviderCalls({
				provider,
				owner,
				clock,
				createConcurrency,
				createTimeoutMs: timings.createTimeoutMs,
				signal,
			}),
			journal: this.#journal,
			transports: options.transports,
			clock,
			logger,
			owner,
			pool: this.#settings,
			...timings,
			insecure: options.insecure ?? false,
			sendsLogins: options.logins !== undefined,
			createConcurrency,
			signal,
			publish: (news) => this.events.publish(news),
			waiting: () => this.#room.inLine,
			onChange: () => this.#poolChanged(),
			onRefused: (error) => this.#room.failBehind(this.#pool.coming.length, error),
			onLeasedFailure: (builder, error) => this.desk.lost(builder, error),
		});
	}

	/** Looks at what is left from before, then fills the reserve. Rejects with what time does not mend. */
	start(): Promise<void> {
		if (this.#state !== 'open') return Promise.reject(queueClosed());
		this.#starting ??= this.#startUp().catch((error: unknown) => {
			this.#starting = undefined;
			throw error;
		});
		return this.#starting;
	}

	checkout(request: CheckoutRequest, user: string, signal: AbortSignal | undefined): Checkout {
		const handle = new CheckoutHandle(request.buildId, signal);
		try {
			throwIfAborted(signal);
			this.#checkOpen();
			checkCheckout(request, user, this.#settings, this.builds.find(request.buildId));
		} catch (error) {
			handle.fail(error);
			return handle;
		}
		const waiting = this.#room.find(request.buildId);
		const lease = this.desk.leases.ofBuild(request.buildId);
		if (waiting !== undefined) this.#room.join(waiting, handle);
		else if (lease !== undefined)
			this.desk.resume(lease, signal).then(
				(fresh) => handle.grant(fresh),
				(error) => handle.fail(error),
			);
		else {
			const architecture = request.architecture ?? this.#settings.architecture;
			this.builds.open({ buildId: request.buildId, user, architecture, labels: request.labels ?? {} });
			this.#enqueue(request.buildId, user, handle, 'behind');
		}
		return handle;
	}

	async resume(buildId: string, user: string | undefined, signal: AbortSignal | undefined): Promise<Lease> {
		throwIfAborted(signal);
		const lease = this.desk.leases.ofBuild(buildId);
		if (lease === undefined || (user !== undefined && lease.user !== user)) {
			throw new ContainerBuilderError('not-found', `no build ${buildId} of yours is running`);
		}
		return await this.desk.resume(lease, signal);
	}

	async cancel(buildId: string, user: string | undefined, reason: string): Promise<void> {
		const build = this.find(buildId, user);
		if (build === undefined)
			throw new ContainerBuilderError('not-found', `there is no build ${buildId} of yours`);
		const waiting = this.#room.find(buildId);
		if (waiting !== undefined) this.#room.fail(waiting, new ContainerBuilderError('canceled', reason));
		const lease = this.desk.leases.ofBuild(buildId);
		if (lease === undefined) return;
		this.desk.cancel(lease, reason);
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
			provider: this.#options.provider.name,
			pool: this.#settings,
			builders: this.#pool.builders,
			leases: this.desk.leases.active,
			waiting: this.#room.entries,
			now: this.#clock.now(),
		});
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #startUp(): Promise<void> {
		const letGo = this.#alive.hold();
		try {
			await this.#startUntilGood(this.#stop.signal);
		} finally {
			letGo();
		}
	}

	async #startUntilGood(signal: AbortSignal): Promise<void> {
		for (let failures = 1; ; failures++) {
			try {
				await this.#journal.open(signal);
				await this.#pool.start(signal);
				if (signal.aborted) throw canceledError(signal);
				this.#started = true;
				this.#startError = undefined;
				return;
			} catch (caught) {
				if (signal.aborted) throw queueClosed();
				const error = ContainerBuilderError.from(caught, 'provider-unavailable');
				this.#startError = error;
				if (!error.retryable) {
					this.#room.failBehind(0, error);
					throw error;
				}
				this.#tellWaiting();
				await pause(this.#clock, backoffMs(failures, START_PAUSES), signal).catch(() => {});
			}
		}
	}

	async #close(): Promise<void> {
		const letGo = this.#alive.hold();
		const began = this.#starting !== undefined;
		this.#setState('draining');
		this.#stop.abort();
		for (const entry of this.#room.entries) this.#room.fail(entry, queueClosed());
		this.desk.close();
		const limitMs = this.#closeTimeoutMs;
		const onTimeout = (): ContainerBuilderError => {
			const left = this.#pool.builders.map(({ id }) => id).join(', ');
			return new ContainerBuilderError(
				'provider-unavailable',
				`the queue is closed, but builders are left: ${left === '' ? 'the provider does not say which' : left}`,
				{ hint: 'They are destroyed when a queue of the same owner starts again.' },
			);
		};
		try {
			if (began) await withTimeLimit({ clock: this.#clock, limitMs, onTimeout }, () => this.#pool.close());
		} finally {
			this.#giveUp.abort();
			await this.#journal.close().catch(() => {});
			this.#setState('closed');
			this.events.end();
			letGo();
		}
	}

	#setState(state: QueueStatus['state']): void {
		this.#state = state;
		this.events.publish({ type: 'queue-state', state });
	}

	#enqueue(buildId: string, user: string, handle: CheckoutHandle, where: 'behind' | 'ahead'): void {
		this.#room.enter(buildId, user, handle, where);
		// A start that fails for good fails all who wait.
		this.start().catch(() => {});
	}

	#checkOpen(): void {
		if (this.#state !== 'open') throw queueClosed();
	}

	#poolChanged(): void {
		if (this.#state === 'open' && this.#started) {
			for (let builder = this.#pool.firstReady(); builder !== undefined; builder = this.#pool.firstReady()) {
				const entry = this.#room.call();
				if (entry === undefined) break;
				void this.desk.hand(builder, entry);
			}
		}
		this.#tellWaiting();
	}

	#tellWaiting(): void {
		this.#room.tell(
			placeNews({
				pool: this.#pool,
				leases: this.desk.leases,
				max: this.#settings.max,
				started: this.#started,
				startError: this.#startError,
				now: this.#clock.now(),
			}),
		);
	}
}
