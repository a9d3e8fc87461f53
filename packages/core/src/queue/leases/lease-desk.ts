import { createHash } from 'node:crypto';
import { throwIfAborted } from '../../concurrency/throw-if-aborted.js';
import { randomSecret } from '../../protocol/enrolment.js';
import {
	type BuilderEvent,
	type BuildOutcome,
	type Clock,
	ContainerBuilderError,
	type Endpoint,
	type Lease,
	type Logger,
	type RegistryLogin,
} from '../../spec/index.js';
import { epochOf } from '../../time/epoch-of.js';
import { withTimeLimit } from '../../time/time-limit.js';
import type { QueueNews } from '../event-log.js';
import { CheckoutHandle } from '../line/checkout-handle.js';
import type { WaitingBuild } from '../line/waiting-build.js';
import type { WaitingRoom } from '../line/waiting-room.js';
import type { PooledBuilder } from '../pool/pooled-builder.js';
import type { StoredLease } from '../records/builder-record.js';
import type { QueueRecords } from '../records/queue-records.js';
import type { QueueStep } from '../records/queue-steps.js';
import type { Attestor } from './attestor.js';
import type { BuildBook } from './build-book.js';
import { LeaseBook, type LeaseEndReason, type LeaseRecord, leaseLost } from './lease-book.js';
import { QueueLease } from './queue-lease.js';
import { type TellLeaseOptions, tellLease } from './tell-lease.js';

/** What a backend gets to end by itself after a cancellation, before its builder is destroyed. */
const CANCEL_GRACE_MS = 15_000;
/** What a client gets to read the end of a build that was canceled elsewhere. */
const LAST_WORDS_MS = 1_000;
/** What a builder of the reserve may take to say that it is there, before it is handed out. */
const PROBE_LIMIT_MS = 3_000;
/** What a leased builder may take to know another token, redials included. */
const RESUME_LIMIT_MS = 60_000;
/** Of a lease that is resumed again and again, so many tokens are let through the relay. */
const KEPT_TOKENS = 16;
/** Leases that ended so can be replaced still. */
const REPLACEABLE: readonly LeaseEndReason[] = ['builder-lost', 'replaced'];

/** What a desk is made of. */
export interface LeaseDeskOptions {
	readonly clock: Clock;
	readonly deadlineMs: number;
	readonly idleMs: number;
	readonly builds: BuildBook;
	readonly attestor: Attestor;
	readonly room: WaitingRoom;
	readonly publish: (news: QueueNews) => void;
	readonly step: (step: QueueStep) => void;
	/** Throws where the queue takes nothing new. */
	readonly checkOpen: () => void;
	readonly records: Pick<QueueRecords, 'saveUsage'>;
	/** The site's own, for builders. */
	readonly logins: (() => Promise<readonly RegistryLogin[]>) | undefined;
	readonly logger: Logger;
}

/** Hands out builders, and takes them back: whatever the reason, a builder that was handed out is destroyed then. */
export class LeaseDesk {
	readonly #options: LeaseDeskOptions;
	readonly leases: LeaseBook;

	constructor(options: LeaseDeskOptions) {
		this.#options = options;
		this.leases = new LeaseBook({
			clock: options.clock,
			deadlineMs: options.deadlineMs,
			idleMs: options.idleMs,
			onEnd: (lease, reason, outcome) => this.#ended(lease, reason, outcome),
		});
	}

	/** Who signs what came out of its builders. */
	get attestor(): Attestor {
		return this.#options.attestor;
	}

	/** Tells the builder whose it is, then the one who was called. Rejects with why the builder is of no use. */
	async hand(builder: PooledBuilder, entry: WaitingBuild): Promise<void> {
		const { builds, room, publish, step, clock } = this.#options;
		const { buildId, user } = entry;
		const { id, deadlineMs, idleMs } = this.leases.terms();
		const token = randomSecret();
		builder.take((event, firsthand) => this.#reported(builder, buildId, event, firsthand));
		try {
			await builder.link.callOnce('probe', {}, PROBE_LIMIT_MS);
			await builds.opened(buildId);
			const grantedAt = epochOf(clock);
			const stored = { id, buildId, user, grantedAt, deadlineMs, idleMs, tokens: [sha256(token)] };
			await builder.saveLease(stored, 'lease-recorded');
			await this.#tell(builder, { id, buildId, user, deadlineMs, idleMs }, token);
			step('lease-accepted');
		} catch (error) {
			room.callBack(entry);
			throw ContainerBuilderError.from(error, 'builder-lost');
		}
		if (!room.isCalled(entry)) {
			void builder.destroy('nobody waits for it any more');
		} else if (builder.state !== 'leased') {
			room.callBack(entry);
		} else {
			const lease = this.leases.start({ id, buildId, user, builder, deadlineMs, idleMs });
			void builds.granted(buildId, builder.id);
			publish({ type: 'lease-start', buildId, builderId: builder.id, leaseId: id });
			builder.link.follow();
			room.grant(entry, new QueueLease(this, lease, token));
			step('lease-granted');
		}
	}

	/** Goes on with a lease that an earlier process has granted; its holder has the usual time to show up. */
	adopt(builder: PooledBuilder, stored: StoredLease): void {
		const { builds, room, clock } = this.#options;
		const { id, buildId, user, deadlineMs, idleMs, keptUntil, canceled } = stored;
		const now = epochOf(clock);
		const ageMs = Math.max(0, now - stored.grantedAt);
		builder.take((event) => this.#reported(builder, buildId, event));
		const lease = this.leases.start(
			{ id, buildId, user, builder, deadlineMs, idleMs },
			{
				ageMs,
				signWithinMs: Math.max(idleMs, (keptUntil ?? now) - now),
			},
		);
		room.adopt(id, builds.find(buildId)?.pool ?? builder.summary.pool, user, ageMs);
		void builds.granted(buildId, builder.id);
		builder.link.follow();
		if (canceled !== undefined) void this.cancel(lease, canceled);
	}

	/** The lease of that id, if it is this user's; ended ones too. Throws `not-found`. */
	find(leaseId: string, user: string | undefined): LeaseRecord {
		const lease = this.leases.find(leaseId);
		if (lease !== undefined && (user === undefined || lease.user === user)) return lease;
		throw new ContainerBuilderError('not-found', 'there is no such lease of yours');
	}

	/** The same lease with one more token. */
	async resume(lease: LeaseRecord, signal: AbortSignal | undefined): Promise<Lease> {
		const token = randomSecret();
		const { link } = lease.builder;
		const { clock } = this.#options;
		try {
			const limits = { clock, limitMs: RESUME_LIMIT_MS, signal, onTimeout: silent };
			await withTimeLimit(limits, (limited) => link.call('token', { tokenSha256: sha256(token) }, limited));
		} catch (error) {
			if (ContainerBuilderError.from(error).code !== 'not-found') throw error;
			// The lease was written down, but the process ended before the builder was told.
			await this.#tell(lease.builder, { ...lease, deadlineMs: this.#remainingMs(lease) }, token);
		}
		this.leases.renew(lease.id);
		const tokens = [...(lease.builder.lease?.tokens ?? []), sha256(token)].slice(-KEPT_TOKENS);
		await this.#amend(lease, { tokens });
		this.#options.step('lease-resumed');
		return new QueueLease(this, lease, token);
	}

	/** Where the builder of a lease is, for who has one of its tokens. Throws `not-found`, which tells nothing else. */
	relayed(leaseId: string, token: string): { readonly builderId: string; readonly endpoint: Endpoint } {
		const lease = this.leases.find(leaseId);
		const tokens = lease?.ended === undefined ? lease?.builder.lease?.tokens : undefined;
		if (lease !== undefined && tokens?.includes(sha256(token)) === true) {
			return { builderId: lease.builder.id, endpoint: lease.builder.endpoint };
		}
		throw new ContainerBuilderError('not-found', 'there is no such lease, or it is over');
	}

	renew(leaseId: string): { readonly remainingMs: number } {
		return this.leases.renew(leaseId);
	}

	async detach(leaseId: string, keepMs: number): Promise<void> {
		this.leases.renew(leaseId, keepMs);
		const lease = this.find(leaseId, undefined);
		const until = epochOf(this.#options.clock) + keepMs;
		const keptUntil = Math.max(until, lease.builder.lease?.keptUntil ?? 0);
		await this.#amend(lease, { keptUntil }, 'detach-recorded');
	}

	/** Resolves when it is written down that the builder was given back. */
	async release(leaseId: string, outcome: BuildOutcome): Promise<void> {
		await this.leases.end(leaseId, 'released', { outcome });
	}

	/** Gives the builder up for a fresh one, ahead of the line. */
	async replace(leaseId: string, signal: AbortSignal | undefined): Promise<Lease> {
		throwIfAborted(signal);
		const { room, builds, checkOpen } = this.#options;
		const lease = this.find(leaseId, undefined);
		if (lease.ended !== undefined && !REPLACEABLE.includes(lease.ended.reason)) throw leaseLost(lease);
		checkOpen();
		void this.leases.end(leaseId, 'replaced');
		const { buildId } = lease;
		const newer = this.leases.ofBuild(buildId);
		if (newer !== undefined) return await this.resume(newer, signal);
		const handle = new CheckoutHandle(buildId, signal);
		const waiting = room.find(buildId);
		if (waiting !== undefined) room.join(waiting, handle);
		else {
			void builds.requeue(buildId);
			room.enter(buildId, handle, 'ahead');
		}
		return (await handle.granted).lease;
	}

	/** Has the builder end its build; takes it back when its holder does not give it back then. */
	async cancel(lease: LeaseRecord, reason: string): Promise<void> {
		await this.#amend(lease, { canceled: reason }, 'cancel-recorded');
		const { builds, clock } = this.#options;
		// There is nothing left to end, and no end will be told any more.
		if (builds.isOver(lease.buildId)) return await this.leases.end(lease.id, 'canceled');
		lease.builder.link.call('cancel', { force: false, reason }).catch(() => {});
		clock.schedule(() => void this.leases.end(lease.id, 'canceled'), CANCEL_GRACE_MS);
	}

	/** A builder that was handed out is lost. */
	lost(builder: PooledBuilder, error: ContainerBuilderError): void {
		const lease = this.leases.ofBuilder(builder.id);
		if (lease !== undefined) void this.leases.end(lease.id, 'builder-lost', { error });
	}

	/** Ends them all; resolves when that is written down. */
	async close(): Promise<void> {
		await Promise.all(this.leases.active.map(({ id }) => this.leases.end(id, 'queue-closed')));
	}

	/** What was canceled and has ended needs its builder no more, whoever may be there to give it back. */
	#reported(builder: PooledBuilder, buildId: string, event: BuilderEvent, firsthand = false): void {
		const { builds, clock } = this.#options;
		builds.reported(buildId, event, firsthand);
		const lease = this.leases.ofBuilder(builder.id);
		if (event.type !== 'end' || builder.lease?.canceled === undefined || lease === undefined) return;
		clock.schedule(() => void this.leases.end(lease.id, 'canceled'), LAST_WORDS_MS);
	}

	#tell(builder: PooledBuilder, terms: TellLeaseOptions['terms'], token: string): Promise<void> {
		const { logins, logger, builds } = this.#options;
		return tellLease({ builder, terms, token, builds, logins, logger });
	}

	async #amend(lease: LeaseRecord, changes: Partial<StoredLease>, step?: QueueStep): Promise<void> {
		const stored = lease.builder.lease;
		if (stored === undefined) return;
		try {
			await lease.builder.saveLease({ ...stored, ...changes }, step);
		} catch (error) {
			const { message } = ContainerBuilderError.from(error);
			this.#options.logger.error({ lease: lease.id }, `a lease cannot be written down: ${message}`);
		}
	}

	#remainingMs({ since, deadlineMs }: LeaseRecord): number {
		return Math.max(0, since + deadlineMs - this.#options.clock.now());
	}

	/** Never rejects. */
	async #ended(lease: LeaseRecord, reason: LeaseEndReason, outcome: BuildOutcome | undefined): Promise<void> {
		const { builds, publish, room, clock, step, records, logger } = this.#options;
		const { buildId, builder, since } = lease;
		const lastedMs = clock.now() - since;
		publish({ type: 'lease-end', buildId, builderId: builder.id, reason });
		let noted = Promise.resolve();
		if (reason === 'released' && outcome !== undefined)
			noted = builds.end(buildId, outcome.status, outcome.code);
		else if (reason === 'canceled') noted = builds.end(buildId, 'canceled');
		else if (reason !== 'replaced')
			noted = builds.end(buildId, 'failed', lease.ended?.error ?? leaseLost(lease));
		noted = noted.then(() => step('build-end-recorded'));
		void builder.destroy(reason, noted);
		await noted;
		// Not before: another process that does not know of the end would have this lease, and the next one of its user.
		room.ended(lease.id, lastedMs);
		records
			.saveUsage(() => room.usage)
			.catch((error: unknown) => {
				logger.warn({}, `what users have used cannot be written down: ${String(error)}`);
			});
	}
}

function silent(): ContainerBuilderError {
	return new ContainerBuilderError('builder-unreachable', 'the builder does not answer the queue', {
		hint: 'Its build may go on all the same: try again.',
	});
}

function sha256(token: string): string {
	return createHash('sha256').update(token).digest('hex');
}
