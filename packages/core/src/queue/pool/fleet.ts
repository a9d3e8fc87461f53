import { type Clock, ContainerBuilderError, type Logger, type Machine } from '../../spec/index.js';
import { backoffMs } from '../../time/backoff.js';
import { pause } from '../../time/pause.js';
import { queueClosed } from '../queue-closed.js';
import type { Pool } from './pool.js';
import type { PooledBuilder } from './pooled-builder.js';
import type { ProviderCalls } from './provider-calls.js';

const START_PAUSES = { firstMs: 500, maxMs: 30_000 };
const LIST_PAUSES = { firstMs: 250, maxMs: 10_000 };
/** Younger things are left to those who may be making them. */
const SWEEP_AGE_MS = 600_000;
/** A list may lack a machine that is younger, and still have one that went less long ago. */
const LIST_TRUST_MS = 120_000;

/** What a fleet is made of. */
export interface FleetOptions {
	readonly calls: ProviderCalls;
	readonly clock: Clock;
	readonly logger: Logger;
	readonly reconcileMs: number;
	/** Whether what was made before this process is written down: a machine that is not, is strange. */
	readonly remembers: boolean;
	/** Aborts when what is left is to stay. */
	readonly signal: AbortSignal;
	/** Called when something is to be told of the start. */
	readonly onChange: () => void;
}

/** All machines of one provider: the pools that have them made, and the provider's own list, which is the truth. */
export class Fleet {
	readonly calls: ProviderCalls;
	readonly #options: FleetOptions;
	readonly #pools: Pool[] = [];
	/** When builders went. */
	readonly #goneAt = new Map<string, number>();
	readonly #stop = new AbortController();
	#starting: Promise<void> | undefined;
	#started = false;
	#startError: ContainerBuilderError | undefined;
	#cancelReconcile = (): void => {};

	constructor(options: FleetOptions) {
		this.calls = options.calls;
		this.#options = options;
	}

	get pools(): readonly Pool[] {
		return this.#pools;
	}

	add(pool: Pool): void {
		this.#pools.push(pool);
		if (this.#started) pool.open();
	}

	remove(pool: Pool): void {
		const index = this.#pools.indexOf(pool);
		if (index >= 0) this.#pools.splice(index, 1);
	}

	/** Takes note that a builder is gone. */
	noteGone(builderId: string): void {
		this.#goneAt.set(builderId, this.#options.clock.now());
	}

	/** Whether it is known what was there before, and builders are made. */
	get started(): boolean {
		return this.#started;
	}

	/** What the start failed with last, as long as it has not gone well. */
	get startError(): ContainerBuilderError | undefined {
		return this.#startError;
	}

	/**
	 * Destroys what nobody knows, then lets the pools make builders. Tries on while the provider is out of reach; rejects
	 * with what time does not mend, and can be called again then.
	 */
	start(): Promise<void> {
		this.#starting ??= this.#startUntilGood().catch((error: unknown) => {
			this.#starting = undefined;
			throw error;
		});
		return this.#starting;
	}

	/** Makes no more and destroys all; resolves when the provider's own list has none left. */
	async close(): Promise<void> {
		const { clock, logger, signal } = this.#options;
		this.#stop.abort();
		this.#cancelReconcile();
		for (const pool of this.#pools) pool.close();
		for (let looks = 1; !signal.aborted; looks++) {
			await Promise.all(this.#builders().map((builder) => builder.destroy('closing')));
			try {
				const machines = await this.calls.list();
				if (machines.length === 0) return;
				for (const machine of machines) {
					if (machine.state !== 'deleting') this.#destroyStray(machine, 'closing');
				}
			} catch (error) {
				const { message } = ContainerBuilderError.from(error);
				logger.warn({ looks }, `cannot see whether all builders are gone: ${message}`);
			}
			await pause(clock, backoffMs(looks, LIST_PAUSES), signal);
		}
	}

	/** Looks after nothing any more: it has no pool. */
	stop(): void {
		this.#stop.abort();
		this.#cancelReconcile();
	}

	/** Lets go of everything: the machines stay as they are. */
	abandon(error: ContainerBuilderError): void {
		this.#stop.abort();
		this.#cancelReconcile();
		for (const pool of this.#pools) pool.abandon(error);
	}

	async #startUntilGood(): Promise<void> {
		const { clock, onChange } = this.#options;
		const { signal } = this.#stop;
		for (let failures = 1; ; failures++) {
			try {
				await this.#startOnce();
				if (signal.aborted) throw queueClosed();
				this.#startError = undefined;
				this.#started = true;
				for (const pool of this.#pools) pool.open();
				this.#scheduleReconcile();
				return;
			} catch (caught) {
				if (signal.aborted) throw queueClosed();
				const error = ContainerBuilderError.from(caught, 'provider-unavailable');
				this.#startError = error;
				if (!error.retryable) throw error;
				onChange();
				await pause(clock, backoffMs(failures, START_PAUSES), signal).catch(() => {});
			}
		}
	}

	async #startOnce(): Promise<void> {
		const machines = await this.calls.list();
		const strange = machines.filter(({ builderId }) => this.#find(builderId) === undefined);
		if (strange.length > 0 && this.#options.remembers) this.#warn(strange);
		for (const machine of strange) this.#destroyStray(machine, 'left from before');
		this.#failMissing(new Map(machines.map((machine) => [machine.builderId, machine])), new Set());
		await this.#sweep(0);
	}

	/** Removes what machines have left behind: ports, addresses, volumes. */
	async #sweep(olderThanMs: number): Promise<void> {
		const removed = await this.calls.sweep(this.#ids(), olderThanMs);
		if (removed.length === 0) return;
		this.#options.logger.warn({ removed }, 'removed what machines of this queue had left behind');
	}

	#find(builderId: string): PooledBuilder | undefined {
		for (const pool of this.#pools) {
			const found = pool.find(builderId);
			if (found !== undefined) return found;
		}
		return undefined;
	}

	#builders(): readonly PooledBuilder[] {
		return this.#pools.flatMap(({ builders }) => builders);
	}

	#ids(): ReadonlySet<string> {
		return new Set(this.#builders().map(({ id }) => id));
	}

	#destroyStray(machine: Machine, reason: string): void {
		if (this.#find(machine.builderId) !== undefined) return;
		this.#pools[0]?.destroyStray(machine, reason);
	}

	#warn(machines: readonly Machine[]): void {
		this.#options.logger.warn(
			{ machines: machines.map(({ id, builderId }) => ({ id, builderId })) },
			`${machines.length} machines bear this queue's name, but its store has never known them: they are destroyed. ` +
				'Does another queue use the same owner with another store?',
		);
	}

	#scheduleReconcile(): void {
		this.#cancelReconcile = this.#options.clock.schedule(async () => {
			await this.#reconcile();
			if (!this.#stop.signal.aborted) this.#scheduleReconcile();
		}, this.#options.reconcileMs);
	}

	/** Compares with the provider's list: what neither knows goes, what it has lost has failed. */
	async #reconcile(): Promise<void> {
		const { clock, logger } = this.#options;
		try {
			const trusted = new Set(this.#builders().filter(({ machineAgeMs }) => machineAgeMs >= LIST_TRUST_MS));
			const machines = await this.calls.listAnew();
			if (this.#stop.signal.aborted) return;
			const now = clock.now();
			for (const [id, at] of this.#goneAt) if (now - at > LIST_TRUST_MS) this.#goneAt.delete(id);
			const strange = machines.filter(
				({ state, builderId }) =>
					state !== 'deleting' && !this.#goneAt.has(builderId) && this.#find(builderId) === undefined,
			);
			if (strange.length > 0) this.#warn(strange);
			for (const machine of strange) this.#destroyStray(machine, 'unknown to this queue');
			this.#failMissing(new Map(machines.map((machine) => [machine.builderId, machine])), trusted);
			for (const pool of this.#pools) await pool.lookForNewImage();
			await this.#sweep(SWEEP_AGE_MS);
		} catch (error) {
			const { message } = ContainerBuilderError.from(error);
			logger.warn({}, `cannot compare with the provider's list: ${message}`);
		}
	}

	#failMissing(listed: ReadonlyMap<string, Machine>, trusted: ReadonlySet<PooledBuilder>): void {
		for (const builder of this.#builders()) {
			if (builder.state === 'creating') continue;
			const machine = listed.get(builder.id);
			const gone = machine === undefined && trusted.has(builder);
			if (!gone && machine?.state !== 'failed') continue;
			const why = gone ? 'its machine is gone' : (machine?.fault ?? 'its machine has failed');
			builder.fail(new ContainerBuilderError('machine-failed', why));
		}
	}
}
