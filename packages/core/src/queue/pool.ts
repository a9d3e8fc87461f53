import { randomUUID } from 'node:crypto';
import { type ActivePolicy, activePolicy } from '../policy/active-policy.js';
import { decidePool } from '../policy/decide-pool.js';
import { usableMs } from '../policy/usable-ms.js';
import { type Clock, ContainerBuilderError, type Machine, type PoolBuilderState } from '../spec/index.js';
import { backoffMs } from './backoff.js';
import { MovingAverage } from './moving-average.js';
import { pause } from './pause.js';
import { type BuilderSurroundings, PooledBuilder } from './pooled-builder.js';
import { ProviderHealth } from './provider-health.js';

const LIST_PAUSES = { firstMs: 250, maxMs: 10_000 };
/** Younger things are left to those who may be making them. */
const SWEEP_AGE_MS = 600_000;
/** A list may lack a machine that is younger. */
const LIST_TRUST_MS = 120_000;
/** What failed for these reasons says something of the provider; a machine that dies later does not. */
const STARTING: readonly PoolBuilderState[] = ['creating', 'booting'];

const COMING: readonly PoolBuilderState[] = [...STARTING, 'ready'];

/** What a pool is made of, beside what its builders need. */
export interface PoolDependencies extends Omit<BuilderSurroundings, 'onChange' | 'onFailure'> {
	readonly createConcurrency: number;
	/** Of a lease: a builder is not handed out when it might not live so long. */
	readonly deadlineMs: number;
	readonly reconcileMs: number;
	/** How many checkouts are in line. */
	readonly waiting: () => number;
	/** Called after any change. */
	readonly onChange: () => void;
	/** Called when the provider said no in a way that time does not mend. */
	readonly onRefused: (error: ContainerBuilderError) => void;
	/** Called when a builder that was handed out has failed. */
	readonly onLeasedFailure: (builder: PooledBuilder, error: ContainerBuilderError) => void;
}

/** The builders of one kind: makes them as the policy says, and sees them all off. */
export class Pool {
	readonly #own: PoolDependencies;
	readonly #around: BuilderSurroundings;
	readonly #clock: Clock;
	readonly #policy: ActivePolicy;
	readonly #builders = new Map<string, PooledBuilder>();
	readonly #health: ProviderHealth;
	readonly #boots = new MovingAverage();
	/** When builders went: a list may still have them for a while. */
	readonly #goneAt = new Map<string, number>();
	#open = false;
	#draining = false;
	#scheduled = false;
	#cancelReconcile = (): void => {};
	#cancelExpiry = (): void => {};

	constructor(dependencies: PoolDependencies) {
		this.#own = dependencies;
		this.#clock = dependencies.clock;
		const { pool, createConcurrency } = dependencies;
		this.#policy = activePolicy({ max: pool.max, reserve: pool.reserve, createConcurrency }, Date.now());
		this.#health = new ProviderHealth(this.#clock, () => this.wake());
		this.#around = {
			...dependencies,
			onChange: (builder) => this.#changed(builder),
			onFailure: (builder, error, from) => this.#failed(builder, error, from),
		};
	}

	/** In the order of their making; those that are gone are not among them. */
	get builders(): readonly PooledBuilder[] {
		return [...this.#builders.values()];
	}

	/** Those that nobody has yet. */
	get coming(): readonly PooledBuilder[] {
		return this.builders.filter(({ state }) => COMING.includes(state));
	}

	get health(): ProviderHealth {
		return this.#health;
	}

	/** How long builders took to become ready, on average. */
	get bootMs(): number | undefined {
		return this.#boots.value;
	}

	/** Destroys what bears the owner's name from before, then begins to make builders. */
	async start(signal: AbortSignal): Promise<void> {
		const { calls } = this.#own;
		const machines = await calls.list();
		for (const machine of machines) this.#destroyUnknown(machine, 'left from before');
		await calls.sweep(new Set(this.#builders.keys()), 0);
		if (signal.aborted || this.#draining) return;
		this.#open = true;
		this.#scheduleReconcile();
		this.wake();
	}

	/** The oldest builder that is ready. */
	firstReady(): PooledBuilder | undefined {
		for (const builder of this.#builders.values()) {
			if (builder.state === 'ready' && !this.#isExpired(builder)) return builder;
		}
		return undefined;
	}

	/** Decides soon, once for all that happens now. */
	wake(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		queueMicrotask(() => {
			this.#scheduled = false;
			this.#own.onChange();
			this.#act();
		});
	}

	/** Makes no more and destroys all; resolves when the provider's own list has none left. */
	async close(): Promise<void> {
		this.#draining = true;
		this.#cancelReconcile();
		this.#cancelExpiry();
		this.#health.close();
		for (let looks = 1; !this.#own.signal.aborted; looks++) {
			await Promise.all(this.builders.map((builder) => builder.destroy('closing')));
			try {
				const machines = await this.#own.calls.list();
				if (machines.length === 0) return;
				for (const machine of machines) {
					if (machine.state !== 'deleting') this.#destroyUnknown(machine, 'closing');
				}
			} catch (error) {
				const { message } = ContainerBuilderError.from(error);
				this.#own.logger.warn({ looks }, `cannot see whether all builders are gone: ${message}`);
			}
			await pause(this.#clock, backoffMs(looks, LIST_PAUSES), this.#own.signal);
		}
	}

	#act(): void {
		if (!this.#open || this.#draining) return;
		const decision = decidePool({
			...this.#health.snapshot,
			policy: this.#policy,
			waiting: this.#own.waiting(),
			creates: [],
			nowMs: this.#clock.now(),
			draining: false,
			builders: this.builders.map((builder) => ({
				id: builder.id,
				state: builder.state,
				ageMs: builder.ageMs,
				expired: this.#isExpired(builder),
				outdated: false,
			})),
		});
		for (const { id, reason } of decision.destroy) void this.#builders.get(id)?.destroy(reason);
		for (let made = 0; made < decision.create; made++) {
			const builder = new PooledBuilder(`b-${randomUUID()}`, this.#around);
			this.#builders.set(builder.id, builder);
			builder.start(decision.createReason);
		}
		if (decision.create > 0) this.wake();
	}

	#changed(builder: PooledBuilder): void {
		if (builder.state === 'ready') {
			this.#health.succeeded(builder.askedAt);
			this.#boots.add(builder.ageMs);
			this.#scheduleExpiry();
		}
		if (builder.state === 'gone') {
			this.#builders.delete(builder.id);
			this.#goneAt.set(builder.id, this.#clock.now());
			if (builder.hadMachine) this.#health.roomFreed();
		}
		this.wake();
	}

	#failed(builder: PooledBuilder, error: ContainerBuilderError, from: PoolBuilderState): void {
		if (from === 'leased') this.#own.onLeasedFailure(builder, error);
		if (!STARTING.includes(from)) return;
		this.#health.failed(error);
		if (!error.retryable) this.#own.onRefused(error);
	}

	#destroyUnknown(machine: Machine, reason: string): void {
		if (this.#builders.has(machine.builderId)) return;
		const found = new PooledBuilder(machine.builderId, this.#around, machine);
		this.#builders.set(found.id, found);
		void found.destroy(reason);
	}

	#isExpired(builder: PooledBuilder): boolean {
		return builder.ageMs >= this.#usableMs;
	}

	/** For how long after its making a builder may be handed out. */
	get #usableMs(): number {
		return usableMs(this.#own);
	}

	#scheduleExpiry(): void {
		this.#cancelExpiry();
		const waiting = this.builders.filter(({ state }) => state === 'ready');
		if (waiting.length === 0) return;
		const oldest = Math.max(...waiting.map(({ ageMs }) => ageMs));
		this.#cancelExpiry = this.#clock.schedule(
			() => {
				this.wake();
				this.#scheduleExpiry();
			},
			Math.max(1_000, this.#usableMs - oldest),
		);
	}

	#scheduleReconcile(): void {
		this.#cancelReconcile = this.#clock.schedule(async () => {
			await this.#reconcile();
			if (!this.#draining) this.#scheduleReconcile();
		}, this.#own.reconcileMs);
	}

	/** Compares with the provider's list: what neither knows goes, what it has lost has failed. */
	async #reconcile(): Promise<void> {
		const { calls, logger } = this.#own;
		try {
			const known = this.builders.filter(({ ageMs }) => ageMs >= LIST_TRUST_MS);
			const machines = await calls.list();
			if (this.#draining) return;
			const listed = new Map(machines.map((machine) => [machine.builderId, machine]));
			const now = this.#clock.now();
			for (const [id, at] of this.#goneAt) if (now - at > LIST_TRUST_MS) this.#goneAt.delete(id);
			for (const machine of machines) {
				if (machine.state === 'deleting' || this.#goneAt.has(machine.builderId)) continue;
				this.#destroyUnknown(machine, 'unknown to this queue');
			}
			for (const builder of this.#builders.values()) {
				if (builder.state === 'creating') continue;
				const machine = listed.get(builder.id);
				const gone = machine === undefined && known.includes(builder);
				if (!gone && machine?.state !== 'failed') continue;
				const why = gone ? 'its machine is gone' : (machine?.fault ?? 'its machine has failed');
				builder.fail(new ContainerBuilderError('machine-failed', why));
			}
			await calls.sweep(new Set(this.#builders.keys()), SWEEP_AGE_MS);
		} catch (error) {
			logger.warn(
				{},
				`cannot compare with the provider's list: ${ContainerBuilderError.from(error).message}`,
			);
		}
	}
}
