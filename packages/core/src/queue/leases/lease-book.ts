import { randomUUID } from 'node:crypto';
import { type BuildOutcome, type Clock, ContainerBuilderError } from '../../spec/index.js';
import { MovingAverage } from '../line/moving-average.js';
import type { PooledBuilder } from '../pool/pooled-builder.js';

/** Ended leases that are remembered, for those who ask for them again. */
const REMEMBERED_LEASES = 1_000;
/** The builder counts the deadline itself and says so; the queue waits this much longer. */
const DEADLINE_GRACE_MS = 10_000;

/** Why a lease ended. `released`: its holder was done with it. */
export type LeaseEndReason =
	| 'released'
	| 'replaced'
	| 'idle'
	| 'deadline'
	| 'builder-lost'
	| 'canceled'
	| 'queue-closed';

/** One lease as the queue knows it. */
export interface LeaseRecord {
	readonly id: string;
	readonly buildId: string;
	readonly user: string;
	readonly builder: PooledBuilder;
	/** By the queue's clock. */
	readonly since: number;
	readonly deadlineMs: number;
	readonly idleMs: number;
	ended?: { readonly reason: LeaseEndReason; readonly error?: ContainerBuilderError | undefined } | undefined;
}

/** Options of {@link LeaseBook}. */
export interface LeaseBookOptions {
	readonly clock: Clock;
	readonly deadlineMs: number;
	readonly idleMs: number;
	/** Called once for each lease; resolves when its end is written down. Never rejects. */
	readonly onEnd: (lease: LeaseRecord, reason: LeaseEndReason, outcome?: BuildOutcome) => Promise<void>;
}

interface BookedLease {
	readonly record: LeaseRecord;
	/** By the queue's clock: until then nobody needs to give a sign. */
	keptUntil: number;
	cancelIdle: () => void;
	cancelDeadline: () => void;
	noted: Promise<void> | undefined;
}

/** The leases with their two clocks: the deadline, and how long nobody gave a sign of life. */
export class LeaseBook {
	readonly #options: LeaseBookOptions;
	readonly #leases = new Map<string, BookedLease>();
	/** Of these, those that hold. */
	readonly #holdingBuild = new Map<string, LeaseRecord>();
	readonly #holdingBuilder = new Map<string, LeaseRecord>();
	readonly #ended: string[] = [];
	readonly #durations = new MovingAverage();
	readonly #onNone = new Set<() => void>();

	#abandoned: ContainerBuilderError | undefined;
	#terms: Pick<LeaseBookOptions, 'deadlineMs' | 'idleMs'>;

	constructor(options: LeaseBookOptions) {
		this.#options = options;
		this.#terms = options;
	}

	/** Of leases to come, in milliseconds. */
	get deadlineMs(): number {
		return this.#terms.deadlineMs;
	}

	/** Other terms for leases to come. */
	configure(terms: Pick<LeaseBookOptions, 'deadlineMs' | 'idleMs'>): void {
		this.#terms = terms;
	}

	/** Those that hold. */
	get active(): readonly LeaseRecord[] {
		return [...this.#holdingBuilder.values()];
	}

	/** How long leases lasted, on average. */
	get averageMs(): number | undefined {
		return this.#durations.value;
	}

	/** What a new lease has that is not known yet. */
	terms(): { readonly id: string; readonly deadlineMs: number; readonly idleMs: number } {
		const { deadlineMs, idleMs } = this.#terms;
		return { id: randomUUID(), deadlineMs, idleMs };
	}

	/** `ageMs`, `signWithinMs`: of one that an earlier process has granted, and nobody may have renewed meanwhile. */
	start(
		lease: Omit<LeaseRecord, 'since' | 'ended'>,
		{ ageMs = 0, signWithinMs = lease.idleMs }: { ageMs?: number; signWithinMs?: number } = {},
	): LeaseRecord {
		const { clock } = this.#options;
		const record: LeaseRecord = { ...lease, since: clock.now() - ageMs };
		const cancelDeadline = clock.schedule(
			() => void this.end(record.id, 'deadline'),
			Math.max(0, record.deadlineMs - ageMs) + DEADLINE_GRACE_MS,
		);
		const keptUntil = clock.now() + signWithinMs;
		const booked = { record, keptUntil, cancelDeadline, cancelIdle: () => {}, noted: undefined };
		this.#leases.set(record.id, booked);
		this.#holdingBuild.set(record.buildId, record);
		this.#holdingBuilder.set(record.builder.id, record);
		this.#expectSign(booked);
		return record;
	}

	/** Whatever became of it. */
	find(leaseId: string): LeaseRecord | undefined {
		if (this.#abandoned !== undefined) throw this.#abandoned;
		return this.#leases.get(leaseId)?.record;
	}

	/** The one that holds for a build. */
	ofBuild(buildId: string): LeaseRecord | undefined {
		if (this.#abandoned !== undefined) throw this.#abandoned;
		return this.#holdingBuild.get(buildId);
	}

	/** The one that holds for a builder. */
	ofBuilder(builderId: string): LeaseRecord | undefined {
		return this.#holdingBuilder.get(builderId);
	}

	/**
	 * A sign of life: `idleMs` begins anew, and none is needed for `keepMs`, which a later call can make longer but not
	 * shorter. Throws `lease-lost` where it is over.
	 */
	renew(leaseId: string, keepMs = 0): { readonly remainingMs: number } {
		const booked = this.#holding(leaseId);
		booked.keptUntil = Math.max(booked.keptUntil, this.#options.clock.now() + keepMs);
		this.#expectSign(booked);
		const { since, deadlineMs } = booked.record;
		return { remainingMs: Math.max(0, since + deadlineMs - this.#options.clock.now()) };
	}

	/** Ends it; nothing where it has ended. Resolves when that is written down. */
	async end(
		leaseId: string,
		reason: LeaseEndReason,
		more: { outcome?: BuildOutcome; error?: ContainerBuilderError } = {},
	): Promise<void> {
		const booked = this.#leases.get(leaseId);
		if (booked === undefined || booked.record.ended !== undefined) return await booked?.noted;
		booked.cancelIdle();
		booked.cancelDeadline();
		booked.record.ended = { reason, error: more.error };
		this.#letGo(booked.record);
		this.#durations.add(this.#options.clock.now() - booked.record.since);
		this.#ended.push(leaseId);
		if (this.#ended.length > REMEMBERED_LEASES) this.#leases.delete(this.#ended.shift() ?? '');
		booked.noted = this.#options.onEnd(booked.record, reason, more.outcome);
		await booked.noted;
		if (this.#holdingBuilder.size === 0) for (const done of this.#onNone) done();
	}

	/** Resolves when none holds, when the time is up, or when the signal aborts. */
	async untilNone({
		timeoutMs,
		signal,
	}: {
		timeoutMs: number;
		signal: AbortSignal | undefined;
	}): Promise<void> {
		if (this.#holdingBuilder.size === 0 || signal?.aborted) return;
		await new Promise<void>((resolve) => {
			const cancelTimer = this.#options.clock.schedule(() => done(), timeoutMs);
			const done = (): void => {
				cancelTimer();
				signal?.removeEventListener('abort', done);
				this.#onNone.delete(done);
				resolve();
			};
			signal?.addEventListener('abort', done, { once: true });
			this.#onNone.add(done);
		});
	}

	/** Forgets them all, and ends none: another process has them now. Who asks for one hears `error`. */
	abandon(error: ContainerBuilderError): void {
		this.#abandoned = error;
		for (const { cancelIdle, cancelDeadline } of this.#leases.values()) {
			cancelIdle();
			cancelDeadline();
		}
		this.#leases.clear();
		this.#holdingBuild.clear();
		this.#holdingBuilder.clear();
	}

	#letGo(record: LeaseRecord): void {
		if (this.#holdingBuild.get(record.buildId) === record) this.#holdingBuild.delete(record.buildId);
		this.#holdingBuilder.delete(record.builder.id);
	}

	#expectSign(booked: BookedLease): void {
		const withinMs = Math.max(booked.record.idleMs, booked.keptUntil - this.#options.clock.now());
		booked.cancelIdle();
		booked.cancelIdle = this.#options.clock.schedule(() => void this.end(booked.record.id, 'idle'), withinMs);
	}

	#holding(leaseId: string): BookedLease {
		if (this.#abandoned !== undefined) throw this.#abandoned;
		const booked = this.#leases.get(leaseId);
		if (booked === undefined)
			throw new ContainerBuilderError('lease-lost', 'the queue does not know this lease');
		if (booked.record.ended !== undefined) throw leaseLost(booked.record);
		return booked;
	}
}

const WHY: Readonly<Record<LeaseEndReason, string>> = {
	released: 'it was given back',
	replaced: 'it was replaced',
	idle: 'its holder gave no sign of life',
	deadline: 'its deadline has passed',
	'builder-lost': 'the builder was lost',
	canceled: 'the build was canceled',
	'queue-closed': 'the queue was closed',
};

/** The error for a lease that has ended. */
export function leaseLost({ ended }: LeaseRecord): ContainerBuilderError {
	const reason = ended?.reason ?? 'released';
	const detail = ended?.error === undefined ? '' : ` (${ended.error.message})`;
	return new ContainerBuilderError('lease-lost', `the lease is over: ${WHY[reason]}${detail}`, {
		cause: ended?.error,
		details: { reason },
	});
}
