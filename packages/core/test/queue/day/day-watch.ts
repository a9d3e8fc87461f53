import type { ContainerBuilderError, Lease, QueueEvent } from '@olcf/container-builder-core';
import type { DayPlan } from './day-plan.js';
import type { DayVisit } from './day-visits.js';
import { LineWatch } from './line-watch.js';
import { MINUTE } from './time.js';

/** With which a checkout may be answered when the machines of its pool fail one after the other. */
const LAUNCH_ERRORS = ['machine-failed', 'boot-timeout', 'enrolment-failed'];

/** Sees that what must hold holds, all day long: `wrongs` says what did not. */
export class DayWatch {
	readonly wrongs: string[] = [];
	readonly line: LineWatch;
	/** That were built to their end. */
	builds = 0;
	leases = 0;
	readonly refusals = new Map<string, number>();
	readonly #plan: DayPlan;
	readonly #now: () => number;
	readonly #present = new Set<string>();
	readonly #leaving = new Set<string>();
	/** The lease that each builder has had. */
	readonly #leaseOf = new Map<string, string>();
	/** Builders of which a loss is no wonder. */
	readonly #mortal = new Set<string>();
	readonly #grantedAt = new Map<string, number>();
	#launchFailures = 0;

	constructor(plan: DayPlan, now: () => number) {
		this.#plan = plan;
		this.#now = now;
		this.line = new LineWatch(plan, (wrong) => this.wrong(wrong));
		for (const { buildId } of plan.visits) this.#present.add(buildId);
	}

	wrong(what: string): void {
		const minutes = (this.#now() / MINUTE).toFixed(3);
		this.wrongs.push(`minute ${minutes}: ${what}`);
	}

	/** Those who have not come yet, or are not done. */
	get present(): readonly string[] {
		return [...this.#present];
	}

	/** The builder may be lost at any time, and it is not the queue's fault. */
	mayDie(builderId: string): void {
		this.#mortal.add(builderId);
	}

	/** There are `existing` machines of a pool, and the queue asks for one more. */
	machineAsked(pool: string, existing: number, max: number): void {
		if (existing >= max)
			this.wrong(`${existing} machines of pool ${pool}, and one more, where ${max} may be`);
	}

	/** An event of the process that is the queue at present. */
	heard(event: QueueEvent): void {
		if (event.type === 'lease-start') this.#leased(event.builderId, event.leaseId);
		if (event.type === 'builder-adopted' && event.leaseId !== undefined)
			this.#leased(event.builderId, event.leaseId);
		if (event.type === 'builder-failed') this.#launchFailures++;
		if (event.type === 'builder-ready') this.#launchFailures = 0;
		this.line.heard(event, this.#now());
	}

	/** The visitor goes, or has the build canceled: it may end in any way from now on. */
	leaves({ buildId }: DayVisit): void {
		this.#leaving.add(buildId);
	}

	answered({ buildId }: DayVisit, lease: Lease): void {
		this.leases++;
		this.#grantedAt.set(lease.id, this.#now());
		this.#leased(lease.builderId, lease.id);
		if (lease.buildId !== buildId) this.wrong(`${buildId} got the lease of ${lease.buildId}`);
	}

	/** The visitor's checkout was answered with an error. */
	refused({ buildId, user }: DayVisit, { code, message }: ContainerBuilderError): void {
		this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
		if (this.#leaving.has(buildId)) return;
		const limited = (this.#plan.users.byName?.[user] ?? this.#plan.users.default)?.waiting !== undefined;
		if (code === 'busy' && (limited || this.#plan.users.default?.waiting !== undefined)) return;
		if (LAUNCH_ERRORS.includes(code) && this.#launchFailures >= 5) return;
		this.wrong(`${buildId} was refused: ${code}: ${message}`);
	}

	lost({ buildId }: DayVisit, lease: Lease, { code, message }: ContainerBuilderError): void {
		const sinceMs = this.#now() - (this.#grantedAt.get(lease.id) ?? 0);
		if (this.#leaving.has(buildId) || this.#mortal.has(lease.builderId)) return;
		if (sinceMs >= this.#plan.deadlineMs) return;
		this.wrong(`${buildId} lost ${lease.builderId}, which lived: ${code}: ${message}`);
	}

	/** The visitor lost its builder, and asks for another one. */
	comesAgain({ buildId }: DayVisit): void {
		this.line.comesAgain(buildId);
	}

	left({ buildId }: DayVisit): void {
		this.#present.delete(buildId);
	}

	#leased(builderId: string, leaseId: string): void {
		const known = this.#leaseOf.get(builderId);
		if (known !== undefined && known !== leaseId) this.wrong(`two leases on builder ${builderId}`);
		this.#leaseOf.set(builderId, leaseId);
	}
}
