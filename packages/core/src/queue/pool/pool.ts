import { type ActivePolicy, activePolicy } from '../../policy/active-policy.js';
import { chooseReady } from '../../policy/choose-ready.js';
import type { PoolDecision } from '../../policy/decide-pool.js';
import { decidePool } from '../../policy/decide-pool.js';
import { launchesExhausted } from '../../policy/launch-history.js';
import { nextPolicyChange } from '../../policy/next-policy-change.js';
import type { PoolExplanation } from '../../policy/pool-explanation.js';
import type { PoolSnapshotBuilder } from '../../policy/pool-snapshot.js';
import { usableMs } from '../../policy/usable-ms.js';
import { ContainerBuilderError, type Machine, type PoolBuilderState } from '../../spec/index.js';
import { epochOf } from '../../time/epoch-of.js';
import { MovingAverage } from '../line/moving-average.js';
import type { BuilderRecord } from '../records/builder-record.js';
import { strayRecord } from '../records/stray-record.js';
import { builderSnapshot, type SnapshotMoment } from './builder-snapshot.js';
import type { BuilderSurroundings } from './builder-surroundings.js';
import type { PoolSettings } from './pool-settings.js';
import { PooledBuilder } from './pooled-builder.js';
import { ProviderHealth } from './provider-health.js';
import { ProviderRoom } from './provider-room.js';
import { SampleRequest } from './sample-request.js';

/** What failed for these reasons says something of the provider; a machine that dies later does not. */
const STARTING: readonly PoolBuilderState[] = ['creating', 'booting'];
const COMING: readonly PoolBuilderState[] = [...STARTING, 'ready'];
/** Timers of a monotonic clock do not notice when that of the wall is set. */
const LONGEST_LOOK_MS = 600_000;
/** After which a provider that has no room is asked again. */
const ROOM_LOOK_MS = 15_000;

/** What a pool is made of, beside what its builders need. */
export interface PoolDependencies extends Omit<BuilderSurroundings, 'pool' | 'onChange' | 'onFailure'> {
	/** Of a lease: a builder is not handed out when it might not live so long. */
	readonly deadlineMs: () => number;
	/** How many checkouts would have a builder at once if there were enough. */
	readonly waiting: () => number;
	/** Called after any change. */
	readonly onChange: () => void;
	/** Called when those who wait without a builder coming for them wait in vain. */
	readonly onRefused: (error: ContainerBuilderError) => void;
	/** Called when a builder that was handed out has failed. */
	readonly onLeasedFailure: (builder: PooledBuilder, error: ContainerBuilderError) => void;
	readonly onGone: (builderId: string) => void;
}

/** The builders of one kind: makes them as the policy says, and sees them all off. */
export class Pool {
	readonly health: ProviderHealth;
	readonly #own: PoolDependencies;
	readonly #around: BuilderSurroundings;
	readonly #builders = new Map<string, PooledBuilder>();
	/** Those of them that can be handed out. */
	readonly #ready = new Set<PooledBuilder>();
	readonly #boots = new MovingAverage();
	readonly #room: ProviderRoom;
	readonly #sample: SampleRequest;
	#settings: PoolSettings;
	#policy: ActivePolicy | undefined;
	/** When machines were begun, oldest first. */
	#creates: number[] = [];
	#explanation: PoolExplanation | undefined;
	#currentImage: string | undefined;
	#state: 'opening' | 'open' | 'draining' | 'closed' = 'opening';
	#scheduled = false;
	#cancelLook = (): void => {};

	constructor(settings: PoolSettings, dependencies: PoolDependencies) {
		this.#settings = settings;
		this.#own = dependencies;
		const { clock, calls } = dependencies;
		this.health = new ProviderHealth(clock, () => this.wake());
		this.#room = new ProviderRoom({ calls, clock, onKnown: () => this.wake() });
		const pool = (): PoolSettings => this.#settings;
		this.#around = {
			...dependencies,
			get pool() {
				return pool();
			},
			onChange: (builder) => this.#changed(builder),
			onFailure: (builder, error, from) => this.#failed(builder, error, from),
		};
		this.#sample = new SampleRequest(this.#around);
	}

	get settings(): PoolSettings {
		return this.#settings;
	}

	/** The policy in force. */
	get policy(): ActivePolicy {
		return this.#policy ?? activePolicy(this.#settings.policy, epochOf(this.#own.clock));
	}

	/** In the order of their making; those that are gone are not among them. */
	get builders(): readonly PooledBuilder[] {
		return [...this.#builders.values()];
	}

	/** Those that nobody has yet. */
	get coming(): readonly PooledBuilder[] {
		return this.builders.filter(({ state }) => COMING.includes(state));
	}

	/** How long builders took to become ready, on average. */
	get bootMs(): number | undefined {
		return this.#boots.value;
	}

	/** Why the policy decided last as it did. */
	get explanation(): PoolExplanation | undefined {
		return this.#explanation;
	}

	/** Whether the provider has no room for more. */
	get isFull(): boolean {
		return this.#explanation !== undefined && isHeldByQuota(this.#explanation);
	}

	find(builderId: string): PooledBuilder | undefined {
		return this.#builders.get(builderId);
	}

	/** Takes over what an earlier process has written down; whoever calls lets it go on. */
	adopt(record: BuilderRecord): PooledBuilder {
		const builder = new PooledBuilder(this.#around, record);
		this.#builders.set(builder.id, builder);
		return builder;
	}

	/** Sees a machine off that nobody knows. */
	destroyStray(machine: Machine, reason: string): void {
		this.adopt(strayRecord(machine, this.#around, reason)).goOn();
	}

	/** Begins to make builders. */
	open(): void {
		if (this.#state !== 'opening') return;
		this.#state = 'open';
		void this.lookForNewImage();
		this.wake();
	}

	/** Other numbers, and other machines for builders to come. */
	configure(settings: PoolSettings): void {
		this.#settings = settings;
		this.#policy = undefined;
		void this.lookForNewImage();
		this.wake();
	}

	/** Makes no more, and gives up what nobody has. */
	drain(): void {
		if (this.#state === 'closed') return;
		this.#state = 'draining';
		this.wake();
	}

	/** Decides nothing any more: the fleet destroys all. */
	close(): void {
		this.#state = 'closed';
		this.#cancelLook();
		this.health.close();
	}

	/** Lets go of everything: the machines stay as they are. */
	abandon(error: ContainerBuilderError): void {
		this.close();
		for (const builder of this.#builders.values()) builder.abandon(error);
	}

	/** The builder to hand out next. */
	firstReady(): PooledBuilder | undefined {
		if (this.#state !== 'open' || this.#ready.size === 0) return undefined;
		const chosen = chooseReady(this.#readySnapshots(), this.policy);
		return chosen && this.#builders.get(chosen.id);
	}

	/** Asks what new machines would boot; builders of another image are replaced. Never rejects. */
	async lookForNewImage(): Promise<void> {
		const { calls, logger } = this.#own;
		if (!calls.provider.capabilities.resolveImage) return;
		try {
			const image = await calls.resolveImage(this.#sample.request);
			if (image === this.#currentImage) return;
			this.#currentImage = image;
			this.wake();
		} catch (error) {
			const { message } = ContainerBuilderError.from(error);
			logger.debug({ pool: this.#settings.name }, `which builder image is current is not known: ${message}`);
		}
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

	#act(): void {
		if (this.#state !== 'open' && this.#state !== 'draining') return;
		const decision = this.#decide();
		for (const { id, reason } of decision.destroy) void this.#builders.get(id)?.destroy(reason);
		const isAsking = decision.create > 0 && !this.#room.take(this.#sample.request, decision.create);
		// How things stand is known when the provider has answered.
		if (!isAsking) this.#explain(decision.explanation);
		const lookMs = isHeldByQuota(decision.explanation) ? ROOM_LOOK_MS : Infinity;
		this.#scheduleLook(Math.min(decision.lookAgainMs ?? Infinity, lookMs));
		if (decision.create === 0 || isAsking) return;
		for (let made = 0; made < decision.create; made++) {
			const builder = new PooledBuilder(this.#around);
			this.#builders.set(builder.id, builder);
			this.#creates.push(this.#own.clock.now());
			builder.start(decision.createReason);
		}
		this.wake();
	}

	#explain(explanation: PoolExplanation): void {
		const wasFull = this.isFull;
		this.#explanation = explanation;
		// Those who wait were told before this was decided.
		if (this.isFull !== wasFull) this.wake();
	}

	#decide(): PoolDecision {
		const { clock, waiting } = this.#own;
		const nowMs = clock.now();
		const policy = activePolicy(this.#settings.policy, epochOf(clock));
		this.#policy = policy;
		const { perMs = 0 } = policy.createRate ?? {};
		this.#creates = this.#creates.filter((at) => at > nowMs - perMs);
		return decidePool({
			...this.health.snapshot,
			policy,
			waiting: waiting(),
			builders: this.#snapshots(),
			headroom: this.#room.known,
			creates: this.#creates,
			nowMs,
			draining: this.#state === 'draining',
		});
	}

	#snapshots(): PoolSnapshotBuilder[] {
		const moment = this.#moment;
		const snapshots: PoolSnapshotBuilder[] = [];
		// At each change: `Array.from` takes half as long again.
		for (const builder of this.#builders.values()) snapshots.push(builderSnapshot(builder, moment));
		return snapshots;
	}

	*#readySnapshots(): Generator<PoolSnapshotBuilder> {
		const moment = this.#moment;
		for (const builder of this.#builders.values()) {
			if (this.#ready.has(builder)) yield builderSnapshot(builder, moment);
		}
	}

	get #moment(): SnapshotMoment {
		const { clock } = this.#own;
		return { now: clock.now(), usableMs: this.#usableMs, currentImage: this.#currentImage };
	}

	/** For how long after it was asked for a builder may be handed out. */
	get #usableMs(): number {
		const { lifetimeMs } = this.#settings;
		return usableMs({ lifetimeMs, deadlineMs: this.#own.deadlineMs() });
	}

	/** When something changes by time alone: a decision is due, a period ends, a builder of the reserve expires. */
	#scheduleLook(lookAgainMs: number): void {
		const { clock } = this.#own;
		this.#cancelLook();
		const epoch = epochOf(clock);
		const change = nextPolicyChange(this.#settings.policy, epoch);
		let oldestAt = Infinity;
		for (const { askedAt } of this.#ready) oldestAt = Math.min(oldestAt, askedAt);
		const delayMs = Math.min(
			lookAgainMs,
			change === undefined ? Infinity : change - epoch,
			oldestAt + this.#usableMs - clock.now(),
		);
		if (delayMs === Infinity) return;
		this.#cancelLook = clock.schedule(() => this.wake(), Math.min(Math.max(delayMs, 100), LONGEST_LOOK_MS));
	}

	#changed(builder: PooledBuilder): void {
		this.#ready.delete(builder);
		if (builder.state === 'ready') {
			this.#ready.add(builder);
			this.health.succeeded(builder.askedAt);
			this.#boots.add(builder.ageMs);
		}
		if (builder.state === 'gone') {
			this.#builders.delete(builder.id);
			this.#own.onGone(builder.id);
			if (builder.hadMachine) {
				this.health.roomFreed();
				this.#room.freed();
			}
		}
		this.wake();
	}

	#failed(builder: PooledBuilder, error: ContainerBuilderError, from: PoolBuilderState): void {
		if (from === 'leased') this.#own.onLeasedFailure(builder, error);
		if (!STARTING.includes(from)) return;
		const { machineFailures } = this.health.history;
		this.health.failed(error, builder.askedAt);
		// What the provider fails at in between is no reason not to wait on.
		const isOneMore = this.health.history.machineFailures > machineFailures;
		const exhausted = isOneMore && launchesExhausted(this.health.history, this.policy);
		if (!error.retryable || exhausted) this.#own.onRefused(error);
	}
}

function isHeldByQuota({ heldBy }: PoolExplanation): boolean {
	return heldBy.some(({ by }) => by === 'quota');
}
