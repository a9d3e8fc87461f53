import type { UserLimits } from '../../src/queue/line/fair-line.js';
import { FairShare } from '../../src/queue/line/fair-share.js';
import type { LineEntry } from '../../src/queue/line/line-entry.js';

/** The rules of the line, as plainly as they can be said: looks through everybody each time. */
export class NaiveLine<E extends LineEntry> {
	readonly share: FairShare;
	readonly running = new Map<string, number>();
	readonly grants = new Map<string, number[]>();
	readonly #patienceMs: number;
	readonly #limitsOf: (user: string) => UserLimits;
	/** By joining. */
	#waiting: { readonly entry: E; readonly ahead: boolean }[] = [];

	constructor(options: {
		halfLifeMs: number;
		patienceMs: number;
		limitsOf: (user: string) => UserLimits;
	}) {
		this.share = new FairShare(options);
		this.#patienceMs = options.patienceMs;
		this.#limitsOf = options.limitsOf;
	}

	/** Those that were sent ahead first, then by arrival. */
	get entries(): E[] {
		return this.#sorted().map(({ entry }) => entry);
	}

	/** Those whose turn may come now, by arrival. */
	eligible(): { entry: E; ahead: boolean }[] {
		return this.#sorted().filter(({ entry }) => this.isFree(entry.user));
	}

	/** The first entry behind of each user who is overdue, who has been kept waiting longest first. */
	overdue(now: number): { entry: E; since: number }[] {
		const firsts = new Map<string, { entry: E; since: number }>();
		for (const { entry, ahead } of this.eligible()) {
			if (ahead || firsts.has(entry.user)) continue;
			const since = Math.max(entry.since, ...(this.grants.get(entry.user) ?? []));
			firsts.set(entry.user, { entry, since });
		}
		// The sort is stable: who came first stays first.
		return [...firsts.values()]
			.filter(({ since }) => now - since >= this.#patienceMs)
			.sort((a, b) => a.since - b.since);
	}

	isFree(user: string): boolean {
		return (this.running.get(user) ?? 0) < (this.#limitsOf(user).running ?? Infinity);
	}

	join(entry: E, ahead: boolean): void {
		this.#waiting.push({ entry, ahead });
	}

	leave(entry: E): void {
		this.#waiting = this.#waiting.filter((one) => one.entry !== entry);
		this.#forget(entry.user);
	}

	peek(now: number): E | undefined {
		const eligible = this.eligible();
		const ahead = eligible.find((one) => one.ahead);
		if (ahead !== undefined) return ahead.entry;
		const [overdue] = this.overdue(now);
		if (overdue !== undefined) return overdue.entry;
		for (const priority of ['high', 'normal', 'low']) {
			const firstOf = new Map<string, E>();
			for (const { entry } of eligible) {
				if (entry.priority === priority && !firstOf.has(entry.user)) firstOf.set(entry.user, entry);
			}
			// The sort is stable: of equal scores who came first stays first.
			const [first] = [...firstOf.values()].sort((a, b) => {
				const [scoreA, scoreB] = [this.share.score(a.user), this.share.score(b.user)];
				return scoreA === scoreB ? 0 : scoreA - scoreB;
			});
			if (first !== undefined) return first;
		}
		return undefined;
	}

	granted(user: string, chargeMs: number, now: number): void {
		this.running.set(user, (this.running.get(user) ?? 0) + 1);
		this.grants.set(user, [...(this.grants.get(user) ?? []), now]);
		this.share.charge(user, chargeMs, now);
	}

	ended(user: string, actualMs: number, chargedMs: number, now: number): void {
		this.running.set(user, (this.running.get(user) ?? 0) - 1);
		this.share.settle(user, actualMs, chargedMs, now);
		this.#forget(user);
	}

	takenBack(user: string, chargedMs: number, at: number): void {
		this.running.set(user, (this.running.get(user) ?? 0) - 1);
		const grants = this.grants.get(user) ?? [];
		grants.splice(grants.lastIndexOf(at), 1);
		this.share.charge(user, -chargedMs, at);
		this.#forget(user);
	}

	/** Who neither waits nor runs is a newcomer. */
	#forget(user: string): void {
		if ((this.running.get(user) ?? 0) > 0 || this.#waiting.some(({ entry }) => entry.user === user)) return;
		this.grants.delete(user);
	}

	#sorted(): { readonly entry: E; readonly ahead: boolean }[] {
		return [...this.#waiting].sort(
			(a, b) => Number(b.ahead) - Number(a.ahead) || a.entry.since - b.entry.since,
		);
	}
}
