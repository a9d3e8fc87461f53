import type { QueueEvent } from '@olcf/container-builder-core';
import type { DayPlan } from './day-plan.js';
import type { DayVisit } from './day-visits.js';

const CLASSES = ['high', 'normal', 'low'] as const;

/** Within which it shows that a builder which is handed out is of no use. */
const HAND_OUT_MS = 5_000;

/** A build in line. Times are in milliseconds from midnight. */
interface Waiting {
	readonly visit: DayVisit;
	/** Since when it has waited. */
	readonly since: number;
	/** Since when it is in this line: a new process of the queue makes a new line. */
	readonly joinedAt: number;
}

/** What of a user's is going on. */
interface Running {
	count: number;
	changedAt: number;
}

/**
 * The rules of the line as its users know them, held against every lease that is granted: of a user's builds the first
 * come; a class before the lower ones; and whoever was not served for longer than the queue's patience before all. A
 * build that comes again after the loss of its builder is ahead of everybody, and no matter for the others.
 */
export class LineWatch {
	readonly #patienceMs: number;
	readonly #runningLimits: (user: string) => number;
	readonly #visits: ReadonlyMap<string, DayVisit>;
	readonly #wrong: (what: string) => void;
	readonly #cameAt = new Map<string, number>();
	readonly #again = new Set<string>();
	/** Those that this process has known to have a builder. */
	readonly #served = new Set<string>();
	readonly #waiting = new Map<string, Waiting>();
	readonly #running = new Map<string, Running>();
	/** By pool and user. */
	readonly #servedAt = new Map<string, number>();
	/** Builders that have been ready, and are nobody's. */
	readonly #ready = new Set<string>();
	/** Builders that failed when they were to be handed out: somebody comes ahead of the others thereby. */
	#handFailures = 0;
	/** What is wrong unless such a builder explains it: who it was for was not in line meanwhile. */
	#suspicions: { readonly wrong: string; readonly at: number }[] = [];
	readonly #grantedAt = new Map<string, number>();
	#heardAt = 0;
	/** When the process before this one was last heard of. */
	#endedAt = 0;
	/** How many leases were held against the rules. */
	judged = 0;

	constructor(plan: DayPlan, wrong: (what: string) => void) {
		this.#patienceMs = plan.patienceMs;
		const { default: common, byName = {} } = plan.users;
		this.#runningLimits = (user) => byName[user]?.running ?? common?.running ?? Infinity;
		this.#visits = new Map(plan.visits.map((visit) => [visit.buildId, visit]));
		this.#wrong = wrong;
	}

	/** A build comes again whose builder was lost. */
	comesAgain(buildId: string): void {
		this.#again.add(buildId);
	}

	/** Another process is the queue now: with a line of its own, and all who are known to run. */
	restarted(): void {
		this.#endedAt = this.#heardAt;
		this.#waiting.clear();
		this.#served.clear();
		this.#running.clear();
		this.#servedAt.clear();
		this.#ready.clear();
	}

	heard(event: QueueEvent, now: number): void {
		this.#heardAt = now;
		this.settle(now);
		switch (event.type) {
			case 'checkout-start':
				this.#comes(event.buildId, now);
				break;
			case 'checkout-end':
				this.#waiting.delete(event.buildId);
				break;
			case 'lease-start':
				this.#ready.delete(event.builderId);
				this.#granted(event.buildId, now);
				break;
			case 'lease-end':
				this.#runs(event.buildId, -1, now);
				break;
			case 'builder-ready':
				this.#ready.add(event.builderId);
				break;
			case 'builder-adopted':
				if (event.leaseId === undefined) this.#ready.add(event.builderId);
				break;
			case 'builder-failed':
				if (this.#ready.delete(event.builderId) && this.#suspicions.shift() === undefined)
					this.#handFailures++;
				break;
		}
	}

	/** Whatever nothing has explained until now was wrong. */
	settle(now: number): void {
		const late = this.#suspicions.filter(({ at }) => now - at > HAND_OUT_MS);
		this.#suspicions = this.#suspicions.filter((suspicion) => !late.includes(suspicion));
		for (const { wrong } of late) this.#wrong(wrong);
	}

	/** A lease of an earlier process goes on in this one: its user was served when it was granted. */
	goesOn(buildId: string, now: number): void {
		const visit = this.#visits.get(buildId);
		if (visit === undefined) return;
		const grantedAt = this.#grantedAt.get(buildId) ?? this.#endedAt;
		this.#servedAt.set(keyOf(visit), Math.max(grantedAt, this.#servedAt.get(keyOf(visit)) ?? 0));
		this.#runs(buildId, 1, now);
	}

	#comes(buildId: string, now: number): void {
		const visit = this.#visits.get(buildId);
		if (visit === undefined) return;
		// The queue itself may give a fresh builder for one that was lost.
		if (this.#served.has(buildId)) this.#again.add(buildId);
		const since = this.#cameAt.get(buildId) ?? now;
		this.#cameAt.set(buildId, since);
		this.#waiting.set(buildId, { visit, since, joinedAt: now });
	}

	#runs(buildId: string, change: number, now: number): void {
		this.#served.add(buildId);
		const user = this.#visits.get(buildId)?.user ?? '';
		const running = this.#running.get(user) ?? { count: 0, changedAt: now };
		running.count = Math.max(0, running.count + change);
		running.changedAt = now;
		this.#running.set(user, running);
	}

	#granted(buildId: string, now: number): void {
		const own = this.#waiting.get(buildId);
		if (own !== undefined) {
			const wrong = this.#again.has(buildId) ? undefined : this.#overtaken(own, now);
			if (wrong !== undefined && this.#handFailures > 0) this.#handFailures--;
			else if (wrong !== undefined) this.#suspicions.push({ wrong, at: now });
			this.judged++;
			this.#servedAt.set(keyOf(own.visit), now);
		}
		this.#grantedAt.set(buildId, now);
		this.#runs(buildId, 1, now);
	}

	/** Who should have been served in its place. */
	#overtaken(own: Waiting, now: number): string | undefined {
		const { user, priority, pool, buildId } = own.visit;
		const others = [...this.#waiting.values()].filter(
			({ visit, joinedAt }) =>
				visit.pool === pool &&
				visit.buildId !== buildId &&
				joinedAt < now &&
				!this.#again.has(visit.buildId) &&
				this.#mayRun(visit.user, now),
		);
		const sinceOf = (name: string): number => {
			const ofUser = [own, ...others].filter(({ visit }) => visit.user === name);
			const first = Math.min(...ofUser.map(({ since }) => since));
			return Math.max(first, this.#servedAt.get(`${pool} ${name}`) ?? 0);
		};
		const ownSince = sinceOf(user);
		for (const { visit, since } of others) {
			const wait = sinceOf(visit.user);
			const overdue = now - wait >= this.#patienceMs;
			const whom = `${buildId} (${user}, ${priority}) was served before ${visit.buildId} (${visit.user}, ${visit.priority})`;
			if (visit.user === user) {
				if (visit.priority === priority && since < own.since) return `${whom}, who came first`;
			} else if (overdue && wait < ownSince) return `${whom}, who was overdue`;
			const isHigher = CLASSES.indexOf(visit.priority) < CLASSES.indexOf(priority);
			if (isHigher && now - ownSince < this.#patienceMs) return `${whom}, of a higher class`;
		}
		return undefined;
	}

	/** Whether the user could have had one more already a moment ago. */
	#mayRun(user: string, now: number): boolean {
		const running = this.#running.get(user);
		if (running === undefined) return true;
		return running.changedAt < now && running.count < this.#runningLimits(user);
	}
}

function keyOf({ pool, user }: DayVisit): string {
	return `${pool} ${user}`;
}
