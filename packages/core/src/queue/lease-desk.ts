import { createHash } from 'node:crypto';
import { throwIfAborted } from '../concurrency/throw-if-aborted.js';
import { randomSecret } from '../protocol/enrolment.js';
import {
	type BuildOutcome,
	type Clock,
	ContainerBuilderError,
	type Lease,
	type Logger,
	type RegistryLogin,
} from '../spec/index.js';
import type { BuildBook } from './build-book.js';
import { CheckoutHandle } from './checkout-handle.js';
import type { QueueNews } from './event-log.js';
import { LeaseBook, type LeaseEndReason, type LeaseRecord, leaseLost } from './lease-book.js';
import type { Pool } from './pool.js';
import type { PooledBuilder } from './pooled-builder.js';
import { QueueLease } from './queue-lease.js';
import { sealLogins } from './seal-logins.js';
import type { WaitingBuild } from './waiting-build.js';
import type { WaitingRoom } from './waiting-room.js';

/** What a backend gets to end by itself after a cancellation, before its builder is destroyed. */
const CANCEL_GRACE_MS = 15_000;
/** Leases that ended so can be replaced still. */
const REPLACEABLE: readonly LeaseEndReason[] = ['builder-lost', 'replaced'];

/** What a desk is made of. */
export interface LeaseDeskOptions {
	readonly clock: Clock;
	readonly deadlineMs: number;
	readonly idleMs: number;
	readonly builds: BuildBook;
	readonly room: WaitingRoom;
	readonly pool: () => Pool;
	readonly publish: (news: QueueNews) => void;
	/** Throws where the queue takes nothing new. */
	readonly checkOpen: () => void;
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

	/** Tells the builder whose it is, then the one who was called. Never rejects. */
	async hand(builder: PooledBuilder, entry: WaitingBuild): Promise<void> {
		const { builds, room, publish, pool, logins, logger } = this.#options;
		const { buildId, user } = entry;
		const { id, deadlineMs, idleMs } = this.leases.terms();
		const token = randomSecret();
		builder.take((event) => builds.reported(buildId, event));
		try {
			const sealedLogins = logins && (await sealLogins({ logins, logger, builder, leaseId: id }));
			await builder.link.callOnce('lease', {
				leaseId: id,
				buildId,
				user,
				tokenSha256: sha256(token),
				deadlineMs,
				idleMs,
				...(sealedLogins === undefined ? {} : { sealedLogins }),
			});
		} catch (error) {
			const lost = ContainerBuilderError.from(error, 'builder-lost');
			pool().health.failed(lost);
			builder.fail(lost);
		}
		if (!room.isCalled(entry)) {
			void builder.destroy('nobody waits for it any more');
		} else if (builder.state !== 'leased') {
			room.callBack(entry);
		} else {
			const lease = this.leases.start({ id, buildId, user, builder, deadlineMs, idleMs });
			builds.granted(buildId, builder.id);
			publish({ type: 'lease-start', buildId, builderId: builder.id, leaseId: id });
			builder.link.follow();
			room.grant(entry, new QueueLease(this, lease, token));
		}
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
		await lease.builder.link.call('token', { tokenSha256: sha256(token) }, signal);
		this.leases.renew(lease.id);
		return new QueueLease(this, lease, token);
	}

	renew(leaseId: string): { readonly remainingMs: number } {
		return this.leases.renew(leaseId);
	}

	detach(leaseId: string, keepMs: number): void {
		this.leases.renew(leaseId, keepMs);
	}

	release(leaseId: string, outcome: BuildOutcome): void {
		this.leases.end(leaseId, 'released', { outcome });
	}

	/** Gives the builder up for a fresh one, ahead of the line. */
	async replace(leaseId: string, signal: AbortSignal | undefined): Promise<Lease> {
		throwIfAborted(signal);
		const { room, builds, checkOpen } = this.#options;
		const lease = this.find(leaseId, undefined);
		if (lease.ended !== undefined && !REPLACEABLE.includes(lease.ended.reason)) throw leaseLost(lease);
		checkOpen();
		this.leases.end(leaseId, 'replaced');
		const { buildId, user } = lease;
		const newer = this.leases.ofBuild(buildId);
		if (newer !== undefined) return await this.resume(newer, signal);
		const handle = new CheckoutHandle(buildId, signal);
		const waiting = room.find(buildId);
		if (waiting !== undefined) room.join(waiting, handle);
		else {
			builds.requeue(buildId);
			room.enter(buildId, user, handle, 'ahead');
		}
		return (await handle.granted).lease;
	}

	/** Has the builder end its build; takes it back when its holder does not give it back then. */
	cancel(lease: LeaseRecord, reason: string): void {
		lease.builder.link.call('cancel', { force: false, reason }).catch(() => {});
		this.#options.clock.schedule(() => this.leases.end(lease.id, 'canceled'), CANCEL_GRACE_MS);
	}

	/** A builder that was handed out is lost. */
	lost(builder: PooledBuilder, error: ContainerBuilderError): void {
		const lease = this.leases.ofBuilder(builder.id);
		if (lease !== undefined) this.leases.end(lease.id, 'builder-lost', { error });
	}

	/** Ends them all. */
	close(): void {
		for (const { id } of this.leases.active) this.leases.end(id, 'queue-closed');
	}

	#ended(lease: LeaseRecord, reason: LeaseEndReason, outcome: BuildOutcome | undefined): void {
		const { builds, clock, publish, room } = this.#options;
		const { buildId, builder } = lease;
		room.ended(lease.id, clock.now() - lease.since);
		publish({ type: 'lease-end', buildId, builderId: builder.id, reason });
		if (reason === 'released' && outcome !== undefined) builds.end(buildId, outcome.status, outcome.code);
		else if (reason === 'canceled') builds.end(buildId, 'canceled');
		else if (reason !== 'replaced') builds.end(buildId, 'failed', lease.ended?.error ?? leaseLost(lease));
		void builder.destroy(reason);
	}
}

function sha256(token: string): string {
	return createHash('sha256').update(token).digest('hex');
}
