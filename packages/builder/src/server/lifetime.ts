import type { Clock } from '@olcf/container-builder-core';
import { Alarm } from './alarm.js';
import type { EndReason } from './builder-server.js';

/** Before the lease a builder waits at least this long for its queue to come back. */
const MIN_IDLE_MS = 5 * 60_000;

/** All that lets a daemon end by itself, by one monotonic clock. */
export class Lifetime {
	readonly clock: Clock;
	readonly #enrolment: Alarm;
	readonly #lifetime: Alarm;
	readonly #deadline: Alarm;
	readonly #idle: Alarm;
	#idleMs: number;
	#connections = 0;
	#leasedAt: number | undefined;

	constructor(
		clock: Clock,
		options: { readonly enrolMs: number; readonly lifetimeMs: number },
		onEnd: (reason: EndReason) => void,
	) {
		this.clock = clock;
		this.#enrolment = new Alarm(clock, () => onEnd('not-enrolled'));
		this.#lifetime = new Alarm(clock, () => onEnd('lifetime'));
		this.#deadline = new Alarm(clock, () => onEnd('deadline'));
		this.#idle = new Alarm(clock, () => onEnd('idle'));
		this.#idleMs = Math.max(options.enrolMs, MIN_IDLE_MS);
		this.#enrolment.set(options.enrolMs);
		this.#lifetime.set(options.lifetimeMs);
	}

	/** Milliseconds since the lease was accepted; 0 before. */
	get sinceLeaseMs(): number {
		return this.#leasedAt === undefined ? 0 : this.clock.now() - this.#leasedAt;
	}

	/** Milliseconds until the daemon ends with its lease, or with its machine. */
	get untilDeadlineMs(): number {
		const alarms = [this.#deadline.remainingMs, this.#lifetime.remainingMs];
		return Math.min(...alarms.filter((remaining) => remaining !== undefined));
	}

	/** Somebody has proved to be the queue. */
	enrolled(): void {
		this.#enrolment.clear();
	}

	/** The deadline counts from here. */
	lease(lease: { readonly deadlineMs: number; readonly idleMs: number }): void {
		this.#leasedAt = this.clock.now();
		this.#idleMs = lease.idleMs;
		this.#deadline.set(lease.deadlineMs);
	}

	/** Moves the deadline to `deadlineMs` from now. */
	extend(deadlineMs: number): void {
		this.#deadline.set(deadlineMs);
	}

	/** A queue or a client is there. */
	connect(): void {
		this.#connections++;
		this.#idle.clear();
	}

	/** One of them is gone. */
	disconnect(): void {
		this.#connections--;
		if (this.#connections === 0) this.#idle.set(this.#idleMs);
	}

	/** No alarm rings any more. */
	stop(): void {
		for (const alarm of [this.#enrolment, this.#lifetime, this.#deadline, this.#idle]) alarm.clear();
		this.#connections = Number.POSITIVE_INFINITY;
	}
}
