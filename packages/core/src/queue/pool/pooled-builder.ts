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
import { KeptRecord } from '../records/kept-record.js';
import { newBuilderRecord } from '../records/new-builder-record.js';
import type { QueueStep } from '../records/queue-steps.js';
import { withBootLimit } from './boot-limit.js';
import { BuilderMachine } from './builder-machine.js';
import { type BuilderTransition, moveBuilder, nextBuilderState } from './builder-state.js';
import type { BuilderSurroundings } from './builder-surroundings.js';
import { ControlLink } from './control-link.js';
import { BuilderDialer } from './dial-builder.js';
import { confirmMachine } from './machine-look-up.js';

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
	readonly #record: KeptRecord;
	readonly #machine: BuilderMachine;
	#state: PoolBuilderState;
	#fault: string | undefined;
	#progress: string | undefined;
	#starting: Promise<void> | undefined;
	#abandoned = false;
	#onReport: ((event: BuilderEvent, firsthand: boolean) => void) | undefined;

	/** A new one; or, with `record`, one that an earlier process has made: see {@link goOn}. */
	constructor(around: BuilderSurroundings, record?: BuilderRecord) {
		const { transports, clock, insecure, probeMs, redialGraceMs, calls } = around;
		this.#around = around;
		this.#record = new KeptRecord(record ?? newBuilderRecord(around), around);
		const isLeased = record?.lease !== undefined && record.givenUp === undefined;
		this.#state = isLeased ? 'leased' : 'creating';
		const { builderId, secret, sessionKey, enrolled, fingerprint, askedAt } = this.#record.current;
		this.id = builderId;
		this.askedAt = clock.now() - Math.max(0, epochOf(clock) - askedAt);
		this.#machine = new BuilderMachine({
			...{ around, record: this.#record, askedAt: this.askedAt, mayExist: record !== undefined },
		});
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
			onReport: (event, firsthand) => this.#onReport?.(event, firsthand),
			onLost: (error) => this.fail(error),
		});
	}

	get state(): PoolBuilderState {
		return this.#state;
	}

	/** Whether there was a machine for certain. */
	get hadMachine(): boolean {
		return this.#record.current.machine !== undefined;
	}

	/** What its machine was booted from; undefined before there is one. */
	get imageId(): string | undefined {
		return this.#record.current.machine?.imageId;
	}

	get ageMs(): number {
		return this.#around.clock.now() - this.askedAt;
	}

	/** Milliseconds since its machine was made, as far as this process knows. */
	get machineAgeMs(): number {
		return this.#machine.ageMs;
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
		return this.#record.current.lease;
	}

	get info(): BuilderInfo {
		if (this.link.info === undefined) throw new TypeError('the builder has not answered yet');
		return this.link.info;
	}

	/** Where clients reach it. */
	get endpoint(): Endpoint {
		const endpoint = this.#record.current.machine?.endpoint;
		if (endpoint === undefined) throw new TypeError('the builder has no endpoint yet');
		return this.#dialer.pinned(endpoint);
	}

	/** From where. */
	get reach(): Machine['reach'] {
		return this.#record.current.machine?.reach ?? 'network';
	}

	get summary(): BuilderSummary {
		const endpoint = this.#record.current.machine?.endpoint;
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
			await this.#record.save({}, 'builder-recorded');
			const machine = await this.#machine.create(this.#stop.signal, (message) => this.#report(message));
			publish({ type: 'builder-create-end', builderId: this.id, machineId: machine.id });
			await this.#boot(machine);
		});
	}

	/** Goes on with one of an earlier process: as leased, as one that boots, or with its destruction. */
	goOn(): void {
		const { givenUp, lease, machine } = this.#record.current;
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
	take(onReport: (event: BuilderEvent, firsthand: boolean) => void): void {
		this.#onReport = onReport;
		if (this.#state !== 'leased') this.#move('leased');
	}

	/** Writes its lease down, or what has changed of it. */
	saveLease(lease: StoredLease, step?: QueueStep): Promise<void> {
		return this.#record.save({ lease }, step);
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

	async #boot(machine: Machine | undefined): Promise<void> {
		const { step } = this.#around;
		this.#move('created');
		await withBootLimit(this.#around, this.#stop.signal, async (signal, onFailure) => {
			const found = await this.#machine.whereItAnswers(machine, signal, onFailure);
			const { id, imageId, endpoint, reach = this.reach } = found;
			this.#record.amend({ machine: { id, imageId, endpoint, reach } });
			this.#report('waiting for the builder to answer');
			await this.link.open(endpoint, signal, onFailure);
		});
		step('builder-enrolled');
		await this.#record.save({ enrolled: true, fingerprint: this.#dialer.fingerprint }, 'enrolment-recorded');
	}

	/** One that proves itself may be silent all the same, or have what nobody knows of. */
	async #checkIdle(): Promise<void> {
		await withBootLimit(this.#around, this.#stop.signal, async (signal) => {
			const { phase } = await this.link.call('probe', {}, signal);
			if (phase === 'idle') return;
			throw new ContainerBuilderError('builder-lost', 'it has a lease that is not written down');
		});
	}

	async #destroy(reason: string, after: Promise<void> | undefined): Promise<void> {
		const { logger, records, step } = this.#around;
		await Promise.all([this.#starting, after]);
		if (this.#machine.mayExist) {
			await this.#record.save({ givenUp: reason }, 'give-up-recorded').catch((error: unknown) => {
				logger.warn({ builder: this.id }, `cannot write down that a builder is given up: ${String(error)}`);
			});
			const gone = await this.#machine.destroy((message) => {
				this.#fault = message;
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
