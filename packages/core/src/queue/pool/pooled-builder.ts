import { type Deferred, deferred } from '../../concurrency/deferred.js';
import {
	type BuilderEvent,
	type BuilderInfo,
	type BuilderSummary,
	ContainerBuilderError,
	type Endpoint,
	type Machine,
	type PoolBuilderState,
} from '../../spec/index.js';
import { epochOf } from '../../time/epoch-of.js';
import type { BuilderRecord, StoredLease } from '../records/builder-record.js';
import { newBuilderRecord } from '../records/new-builder-record.js';
import type { QueueStep } from '../records/queue-steps.js';
import { withBootLimit } from './boot-limit.js';
import { type BuilderTransition, moveBuilder, nextBuilderState } from './builder-state.js';
import type { BuilderSurroundings } from './builder-surroundings.js';
import { ControlLink } from './control-link.js';
import { destroyMachine } from './destroy-machine.js';
import { BuilderDialer } from './dial-builder.js';
import { confirmMachine, findEndpoint, type Reachable } from './machine-look-up.js';
import { machineRequest } from './machine-request.js';

/** A machine that was made a shorter time ago, and has not even booted, may be missing in the provider's list. */
const NEW_MACHINE_MS = 15_000;

/** One builder from the wish for it until it is gone, with what is written down of it. */
export class PooledBuilder {
	readonly id: string;
	/** By the queue's clock. */
	readonly askedAt: number;
	readonly link: ControlLink;
	readonly #around: BuilderSurroundings;
	readonly #dialer: BuilderDialer;
	readonly #stop = new AbortController();
	readonly #gone: Deferred<void> = deferred();
	#record: BuilderRecord;
	#state: PoolBuilderState;
	#fault: string | undefined;
	#progress: string | undefined;
	#starting: Promise<void> | undefined;
	/** Whether a machine may exist. */
	#mayExist: boolean;
	/** When this process learned that there is one; by the queue's clock. */
	#madeAt: number | undefined;
	#abandoned = false;
	#onReport: ((event: BuilderEvent) => void) | undefined;

	/** A new one; or, with `record`, one that an earlier process has made: see {@link goOn}. */
	constructor(around: BuilderSurroundings, record?: BuilderRecord) {
		const { transports, clock, insecure, probeMs, redialGraceMs, calls } = around;
		this.#around = around;
		this.#record = record ?? newBuilderRecord(around);
		this.#mayExist = record !== undefined;
		const isLeased = record?.lease !== undefined && record.givenUp === undefined;
		this.#state = isLeased ? 'leased' : 'creating';
		const { builderId, secret, sessionKey, enrolled, fingerprint, askedAt } = this.#record;
		this.id = builderId;
		this.askedAt = clock.now() - Math.max(0, epochOf(clock) - askedAt);
		const spent = record === undefined ? 'no' : enrolled ? 'yes' : 'perhaps';
		this.#dialer = new BuilderDialer({
			...{ builderId, transports, secret, sessionKey, spent, fingerprint, clock, insecure },
		});
		this.link = new ControlLink({
			dialer: this.#dialer,
			clock,
			probeMs,
			redialGraceMs,
			confirmMachine: (misses, signal) => confirmMachine({ builderId, calls, clock, signal }, misses),
			onReport: (event) => this.#onReport?.(event),
			onLost: (error) => this.fail(error),
		});
	}

	get state(): PoolBuilderState {
		return this.#state;
	}

	/** Whether there was a machine for certain. */
	get hadMachine(): boolean {
		return this.#record.machine !== undefined;
	}

	/** What its machine was booted from; undefined before there is one. */
	get imageId(): string | undefined {
		return this.#record.machine?.imageId;
	}

	get ageMs(): number {
		return this.#around.clock.now() - this.askedAt;
	}

	/** Milliseconds since the provider said that its machine is made, or since it was asked for by another process. */
	get machineAgeMs(): number {
		return this.#around.clock.now() - (this.#madeAt ?? this.askedAt);
	}

	/** What is being done, for people. */
	get progress(): string | undefined {
		return this.#progress;
	}

	/** Resolves when it is gone. */
	get gone(): Promise<void> {
		return this.#gone.promise;
	}

	/** The lease that is written down. */
	get lease(): StoredLease | undefined {
		return this.#record.lease;
	}

	get info(): BuilderInfo {
		if (this.link.info === undefined) throw new TypeError('the builder has not answered yet');
		return this.link.info;
	}

	/** Where clients reach it. */
	get endpoint(): Endpoint {
		const endpoint = this.#record.machine?.endpoint;
		if (endpoint === undefined) throw new TypeError('the builder has no endpoint yet');
		return this.#dialer.pinned(endpoint);
	}

	get summary(): BuilderSummary {
		const endpoint = this.#record.machine?.endpoint;
		return {
			id: this.id,
			pool: this.#around.pool.name,
			state: this.#state,
			endpoint: endpoint && this.#dialer.pinned(endpoint),
			ageMs: Math.max(0, this.ageMs),
			fault: this.#fault,
		};
	}

	/** Makes the machine and waits until its daemon has proved itself. */
	start(reason: string): void {
		this.#starting ??= this.#begin(async () => {
			const { publish, pool } = this.#around;
			publish({ type: 'builder-create-start', builderId: this.id, pool: pool.name, reason });
			await this.#save({}, 'builder-recorded');
			const machine = await this.#create();
			publish({ type: 'builder-create-end', builderId: this.id, machineId: machine.id });
			await this.#boot(machine);
		});
	}

	/** Goes on with one of an earlier process: as leased, as one that boots, or with its destruction. */
	goOn(): void {
		const { givenUp, lease, machine } = this.#record;
		this.#around.publish({ type: 'builder-adopted', builderId: this.id, leaseId: lease?.id });
		if (givenUp !== undefined) void this.destroy(givenUp);
		else if (lease === undefined) {
			this.#starting ??= this.#begin(async () => {
				await this.#boot(undefined);
				await this.#checkIdle();
				this.#around.step('builder-adopted');
			});
		} else if (machine?.endpoint === undefined) {
			this.fail(new ContainerBuilderError('builder-lost', 'nobody knows where it is'));
		} else {
			this.link.reopen(machine.endpoint);
			this.#around.step('lease-adopted');
		}
	}

	/** Marks it as handed out; from now on its reports go to `onReport`. */
	take(onReport: (event: BuilderEvent) => void): void {
		this.#onReport = onReport;
		if (this.#state !== 'leased') this.#move('leased');
	}

	/** Writes its lease down, or what has changed of it. */
	saveLease(lease: StoredLease, step: QueueStep): Promise<void> {
		return this.#save({ lease }, step);
	}

	/** Takes note that it is of no use any more. Whoever watches destroys it. */
	fail(error: ContainerBuilderError): void {
		const from = this.#state;
		if (this.#abandoned || nextBuilderState(from, 'failed') === undefined) return;
		this.#fault = error.message;
		this.#stop.abort(error);
		this.link.close(error);
		this.#around.publish({ type: 'builder-failed', builderId: this.id, error: error.toJSON() });
		this.#around.logger.warn({ builder: this.id, code: error.code }, error.message);
		this.#state = moveBuilder(from, 'failed');
		this.#around.onFailure(this, error, from);
		this.#around.onChange(this);
	}

	/**
	 * Destroys it, however often that takes. Idempotent; resolves when it is gone. `after`: what must be written down
	 * before.
	 */
	destroy(reason: string, after?: Promise<void>): Promise<void> {
		if (!this.#abandoned && nextBuilderState(this.#state, 'destroy') !== undefined) {
			this.#around.publish({ type: 'builder-destroy-start', builderId: this.id, reason });
			const error = new ContainerBuilderError('builder-lost', `the builder was given up: ${reason}`);
			this.#stop.abort(error);
			this.link.close(error);
			this.#move('destroy');
			void this.#destroy(reason, after);
		}
		return this.gone;
	}

	/** Lets go of it: this process has nothing to say any more. Its machine stays as it is. */
	abandon(error: ContainerBuilderError): void {
		this.#abandoned = true;
		this.#stop.abort(error);
		this.link.close(error);
	}

	async #begin(work: () => Promise<void>): Promise<void> {
		const { publish, clock } = this.#around;
		try {
			await work();
			publish({ type: 'builder-ready', builderId: this.id, bootMs: clock.now() - this.askedAt });
			this.#move('answered');
		} catch (error) {
			if (!this.#stop.signal.aborted) this.fail(ContainerBuilderError.from(error, 'machine-failed'));
		}
	}

	async #create(): Promise<Machine> {
		const { calls, step } = this.#around;
		const { capabilities } = calls.provider;
		this.#mayExist = true;
		try {
			const machine = await calls.create(
				machineRequest(this.#record, { ...this.#around, capabilities }),
				this.#stop.signal,
				{
					limitMs: this.#around.pool.createTimeoutMs,
					onProgress: (message) => this.#report(message),
					onSent: () => step('create-sent'),
				},
			);
			this.#madeAt = this.#around.clock.now();
			step('create-answered');
			const { id, imageId, endpoint } = machine;
			await this.#save({ machine: { id, imageId, endpoint } }, 'machine-recorded');
			return machine;
		} catch (error) {
			this.#mayExist = ContainerBuilderError.from(error).outcome !== 'none';
			throw error;
		}
	}

	async #boot(machine: Machine | undefined): Promise<void> {
		const { step } = this.#around;
		this.#move('created');
		await withBootLimit(this.#around, this.#stop.signal, async (signal, onFailure) => {
			const { id, imageId, endpoint } = await this.#whereItAnswers(machine, signal, onFailure);
			this.#record = { ...this.#record, machine: { id, imageId, endpoint } };
			this.#report('waiting for the builder to answer');
			await this.link.open(endpoint, signal, onFailure);
		});
		step('builder-enrolled');
		await this.#save({ enrolled: true, fingerprint: this.#dialer.fingerprint }, 'enrolment-recorded');
	}

	/** One that proves itself may be silent all the same, or have what nobody knows of. */
	async #checkIdle(): Promise<void> {
		await withBootLimit(this.#around, this.#stop.signal, async (signal) => {
			const { phase } = await this.link.call('probe', {}, signal);
			if (phase === 'idle') return;
			throw new ContainerBuilderError('builder-lost', 'it has a lease that is not written down');
		});
	}

	async #whereItAnswers(
		machine: Machine | undefined,
		signal: AbortSignal,
		onFailure: (error: unknown) => void,
	): Promise<Reachable> {
		const { calls, clock } = this.#around;
		const known = machine ?? this.#record.machine;
		if (known?.endpoint !== undefined) return { ...known, endpoint: known.endpoint };
		return await findEndpoint({ builderId: this.id, machine, calls, clock, signal, onFailure });
	}

	async #destroy(reason: string, after: Promise<void> | undefined): Promise<void> {
		const { calls, clock, logger, signal, records, step } = this.#around;
		await Promise.all([this.#starting, after]);
		const { machine, enrolled } = this.#record;
		const isNew = machine === undefined || (!enrolled && this.machineAgeMs < NEW_MACHINE_MS);
		if (this.#mayExist) {
			await this.#save({ givenUp: reason }, 'give-up-recorded').catch((error: unknown) => {
				logger.warn({ builder: this.id }, `cannot write down that a builder is given up: ${String(error)}`);
			});
			const gone = await destroyMachine({
				...{ builderId: this.id, machineId: machine?.id, isNew },
				...{ calls, clock, logger, signal, step },
				onFault: (message) => {
					this.#fault = message;
				},
			});
			if (!gone) return;
		}
		await records.eraseBuilder(this.id).catch((error: unknown) => {
			logger.warn({ builder: this.id }, `cannot strike out a builder: ${String(error)}`);
		});
		step('builder-erased');
		this.#around.publish({ type: 'builder-gone', builderId: this.id });
		this.#move('destroyed');
		this.#gone.resolve();
	}

	async #save(changes: Partial<BuilderRecord>, step: QueueStep): Promise<void> {
		this.#record = { ...this.#record, ...changes };
		await this.#around.records.saveBuilder(this.#record);
		this.#around.step(step);
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
