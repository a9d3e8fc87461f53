import { type Deferred, deferred } from '../concurrency/deferred.js';
import { encodeBootstrap } from '../protocol/bootstrap.js';
import { randomSecret } from '../protocol/enrolment.js';
import {
	type BuilderEvent,
	type BuilderInfo,
	type BuilderSummary,
	type Clock,
	ContainerBuilderError,
	type Endpoint,
	type Logger,
	type Machine,
	type PoolBuilderState,
	type Transport,
} from '../spec/index.js';
import { backoffMs } from './backoff.js';
import type { BuilderJournal } from './builder-journal.js';
import type { PoolSettings } from './builder-queue-options.js';
import { type BuilderTransition, moveBuilder, nextBuilderState } from './builder-state.js';
import { ControlLink } from './control-link.js';
import { BuilderDialer } from './dial-builder.js';
import type { QueueNews } from './event-log.js';
import { confirmMachine, findEndpoint } from './machine-look-up.js';
import { pause } from './pause.js';
import type { ProviderCalls } from './provider-calls.js';
import { withTimeLimit } from './time-limit.js';

const DESTROY_PAUSES = { firstMs: 1_000, maxMs: 60_000 };

/** What all builders of a pool share. */
export interface BuilderSurroundings {
	readonly calls: ProviderCalls;
	readonly journal: BuilderJournal;
	readonly transports: readonly Transport[];
	readonly clock: Clock;
	readonly logger: Logger;
	readonly owner: string;
	readonly pool: PoolSettings;
	readonly bootTimeoutMs: number;
	readonly lifetimeMs: number;
	readonly redialGraceMs: number;
	readonly probeMs: number;
	readonly insecure: boolean;
	/** Whether builders are to be ready for the site's registry logins. */
	readonly sendsLogins: boolean;
	/** Aborts when the pool gives up altogether: what is left then stays. */
	readonly signal: AbortSignal;
	publish(news: QueueNews): void;
	/** Called after each change of a builder's state, and with progress. */
	onChange(builder: PooledBuilder): void;
	/** Called when a builder has failed, with the state it had. */
	onFailure(builder: PooledBuilder, error: ContainerBuilderError, from: PoolBuilderState): void;
}

/** One builder from the wish for it until it is gone. */
export class PooledBuilder {
	readonly id: string;
	/** By the queue's clock. */
	readonly askedAt: number;
	readonly #around: BuilderSurroundings;
	readonly #secret = randomSecret();
	readonly #dialer: BuilderDialer;
	readonly #stop = new AbortController();
	readonly #gone: Deferred<void> = deferred();
	#state: PoolBuilderState;
	#machine: Machine | undefined;
	#endpoint: Endpoint | undefined;
	#info: BuilderInfo | undefined;
	#link: ControlLink | undefined;
	#fault: string | undefined;
	#progress: string | undefined;
	#starting: Promise<void> | undefined;
	/** Whether a machine may exist. */
	#mayExist = false;
	#onReport: ((event: BuilderEvent) => void) | undefined;

	constructor(id: string, around: BuilderSurroundings, found?: Machine) {
		this.id = id;
		this.#around = around;
		this.askedAt = around.clock.now();
		this.#state = 'creating';
		this.#machine = found;
		this.#mayExist = found !== undefined;
		const { transports, clock, insecure } = around;
		this.#dialer = new BuilderDialer({ builderId: id, transports, secret: this.#secret, clock, insecure });
	}

	get state(): PoolBuilderState {
		return this.#state;
	}

	/** Whether there was a machine for certain. */
	get hadMachine(): boolean {
		return this.#machine !== undefined;
	}

	get ageMs(): number {
		return this.#around.clock.now() - this.askedAt;
	}

	/** What is being done, for people. */
	get progress(): string | undefined {
		return this.#progress;
	}

	/** Resolves when it is gone. */
	get gone(): Promise<void> {
		return this.#gone.promise;
	}

	/** For the queue, once it is ready. */
	get link(): ControlLink {
		if (this.#link === undefined) throw new TypeError('the builder has no link yet');
		return this.#link;
	}

	get info(): BuilderInfo {
		if (this.#info === undefined) throw new TypeError('the builder has not answered yet');
		return this.#info;
	}

	/** Where clients reach it. */
	get endpoint(): Endpoint {
		if (this.#endpoint === undefined) throw new TypeError('the builder has no endpoint yet');
		return this.#dialer.pinned(this.#endpoint);
	}

	get summary(): BuilderSummary {
		return {
			id: this.id,
			pool: this.#around.pool.name,
			state: this.#state,
			endpoint: this.#endpoint && this.#dialer.pinned(this.#endpoint),
			ageMs: Math.max(0, this.ageMs),
			fault: this.#fault,
		};
	}

	/** Makes the machine and waits until its daemon has proved itself. */
	start(reason: string): void {
		this.#starting ??= this.#start(reason);
	}

	/** Marks it as handed out; from now on its reports go to `onReport`. */
	take(onReport: (event: BuilderEvent) => void): void {
		this.#onReport = onReport;
		this.#move('leased');
	}

	/** Takes note that it is of no use any more. Whoever watches destroys it. */
	fail(error: ContainerBuilderError): void {
		const from = this.#state;
		if (nextBuilderState(from, 'failed') === undefined) return;
		this.#fault = error.message;
		this.#stop.abort(error);
		this.#link?.close(error);
		this.#around.publish({ type: 'builder-failed', builderId: this.id, error: error.toJSON() });
		this.#around.logger.warn({ builder: this.id, code: error.code }, error.message);
		this.#state = moveBuilder(from, 'failed');
		this.#around.onFailure(this, error, from);
		this.#around.onChange(this);
	}

	/** Destroys it, however often that takes. Idempotent; resolves when it is gone. */
	destroy(reason: string): Promise<void> {
		if (nextBuilderState(this.#state, 'destroy') !== undefined) {
			this.#around.publish({ type: 'builder-destroy-start', builderId: this.id, reason });
			const error = new ContainerBuilderError('builder-lost', `the builder was given up: ${reason}`);
			this.#stop.abort(error);
			this.#link?.close(error);
			this.#move('destroy');
			void this.#destroy();
		}
		return this.gone;
	}

	async #start(reason: string): Promise<void> {
		const { publish, clock } = this.#around;
		try {
			publish({ type: 'builder-create-start', builderId: this.id, pool: this.#around.pool.name, reason });
			const machine = await this.#create();
			publish({ type: 'builder-create-end', builderId: this.id, machineId: machine.id });
			this.#move('created');
			await this.#boot(machine);
			publish({ type: 'builder-ready', builderId: this.id, bootMs: clock.now() - this.askedAt });
			this.#move('answered');
		} catch (error) {
			if (!this.#stop.signal.aborted) this.fail(ContainerBuilderError.from(error, 'machine-failed'));
		}
	}

	async #create(): Promise<Machine> {
		const { calls, journal, owner, pool, lifetimeMs, bootTimeoutMs, sendsLogins } = this.#around;
		const { signal } = this.#stop;
		const { capabilities } = calls.provider;
		await journal.intend(this.id, { pool: pool.name, architecture: pool.architecture });
		this.#mayExist = true;
		try {
			const machine = await calls.create(
				{
					builderId: this.id,
					owner,
					pool: pool.name,
					architecture: pool.architecture,
					flavor: pool.flavor,
					image: pool.image,
					bootstrap: encodeBootstrap({
						version: 1,
						builderId: this.id,
						owner,
						listen: { url: capabilities.listen.url },
						secret: this.#secret,
						enrolMs: bootTimeoutMs * 2,
						lifetimeMs,
						privilege: capabilities.privilege,
						...(sendsLogins ? { logins: true } : {}),
					}),
					lifetimeMs,
					limits: pool.limits,
					network: pool.network,
					labels: pool.labels,
				},
				signal,
				(message) => this.#report(message),
			);
			this.#machine = machine;
			return machine;
		} catch (error) {
			this.#mayExist = ContainerBuilderError.from(error).outcome !== 'none';
			throw error;
		}
	}

	async #boot(machine: Machine): Promise<void> {
		const { clock, bootTimeoutMs, calls, probeMs, redialGraceMs } = this.#around;
		let last: unknown;
		const remember = (error: unknown): void => {
			last = error;
		};
		const onTimeout = (): ContainerBuilderError => {
			const why = last === undefined ? '' : `: ${ContainerBuilderError.from(last).message}`;
			return new ContainerBuilderError(
				'boot-timeout',
				`the builder did not answer within ${bootTimeoutMs / 1000} s${why}`,
				{ cause: last },
			);
		};
		await withTimeLimit(
			{ clock, limitMs: bootTimeoutMs, signal: this.#stop.signal, onTimeout },
			async (signal) => {
				this.#endpoint = await findEndpoint({ machine, calls, clock, signal, onFailure: remember });
				this.#report('waiting for the builder to answer');
				this.#link = new ControlLink({
					dialer: this.#dialer,
					clock,
					probeMs,
					redialGraceMs,
					confirmMachine: (misses, redialling) => confirmMachine(this.id, calls, misses, redialling),
					onReport: (event) => this.#onReport?.(event),
					onLost: (error) => this.fail(error),
				});
				this.#info = await this.#link.open(this.#endpoint, signal, remember);
			},
		);
	}

	async #destroy(): Promise<void> {
		const { calls, clock, logger, signal } = this.#around;
		await this.#starting;
		for (let failures = 1; this.#mayExist; failures++) {
			try {
				await calls.destroy(this.id, this.#machine?.id);
				this.#mayExist = false;
			} catch (error) {
				if (signal.aborted) return;
				this.#fault = ContainerBuilderError.from(error).message;
				logger.warn({ builder: this.id, failures }, `cannot destroy a builder: ${this.#fault}`);
				await pause(clock, backoffMs(failures, DESTROY_PAUSES), signal).catch(() => {});
				if (signal.aborted) return;
			}
		}
		await this.#around.journal.forget(this.id).catch((error: unknown) => {
			logger.warn({ builder: this.id }, `cannot strike out a builder: ${String(error)}`);
		});
		this.#around.publish({ type: 'builder-gone', builderId: this.id });
		this.#move('destroyed');
		this.#gone.resolve();
	}

	#report(message: string): void {
		if (message === this.#progress) return;
		this.#progress = message;
		this.#around.publish({ type: 'builder-progress', builderId: this.id, message });
		this.#around.onChange(this);
	}

	#move(transition: BuilderTransition): void {
		this.#state = moveBuilder(this.#state, transition);
		this.#around.onChange(this);
	}
}
