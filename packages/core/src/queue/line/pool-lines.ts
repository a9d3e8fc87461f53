import * as z from 'zod';
import type { Clock, Json } from '../../spec/index.js';
import { epochOf } from '../../time/epoch-of.js';
import { FairLine, type UserLimits } from './fair-line.js';
import { FairShare } from './fair-share.js';
import { type LinePolicy, type LineRules, resolveLinePolicy } from './line-policy.js';
import { LineTeller } from './line-teller.js';
import { MovingAverage } from './moving-average.js';
import type { WaitingBuild } from './waiting-build.js';

/** What a lease is expected to last before the first has ended. */
const FIRST_EXPECTED_MS = 600_000;

const usageSchema = z.object({
	/** Milliseconds since 1970. */
	at: z.number(),
	users: z.array(z.object({ user: z.string(), usageMs: z.number().nonnegative() })),
});

/** The line of one pool. */
export interface PoolLine {
	readonly line: FairLine<WaitingBuild>;
	readonly teller: LineTeller;
}

/** A lease that counts for its user. */
interface BookedLease {
	readonly pool: string;
	readonly user: string;
	readonly chargedMs: number;
}

/** The lines of a queue, one for each pool. A user's limits and shares hold for all of them together. */
export class PoolLines {
	readonly #clock: Clock;
	readonly #lines = new Map<string, PoolLine>();
	/** By lease id. */
	readonly #leases = new Map<string, BookedLease>();
	/** Who has a lease, or was called, how often: for lines to come. */
	readonly #running = new Map<string, number>();
	readonly #durations = new MovingAverage();
	#rules: LineRules;
	#share: FairShare;

	constructor(clock: Clock, policy: LinePolicy | undefined) {
		this.#clock = clock;
		this.#rules = resolveLinePolicy(policy);
		this.#share = new FairShare(this.#rules);
	}

	get pools(): readonly string[] {
		return [...this.#lines.keys()];
	}

	get all(): readonly PoolLine[] {
		return [...this.#lines.values()];
	}

	/** The line of a pool; made when it is asked for. */
	of(pool: string): PoolLine {
		const known = this.#lines.get(pool);
		if (known !== undefined) return known;
		const made = this.#make();
		this.#lines.set(pool, made);
		return made;
	}

	limitsOf(user: string): UserLimits {
		return this.#rules.limitsOf(user);
	}

	/** In all lines together. */
	waitingOf(user: string): number {
		return this.all.reduce((sum, { line }) => sum + line.waitingOf(user), 0);
	}

	/** A lease of the user's begins. Charges what it is expected to last, and returns that. */
	granted(pool: string, user: string): number {
		return this.#begin(pool, user, this.#clock.now());
	}

	/** One that began at `at`, in an earlier life of the queue, goes on: it is charged when it ends. */
	goesOn(leaseId: string, pool: string, user: string, at: number): void {
		this.book(leaseId, { pool, user, chargedMs: this.#begin(pool, user, at, 0) });
	}

	#begin(pool: string, user: string, at: number, chargeMs?: number): number {
		const chargedMs = this.of(pool).line.granted(user, at, chargeMs);
		for (const { line } of this.#others(pool)) line.runElsewhere(user, 1);
		this.#running.set(user, (this.#running.get(user) ?? 0) + 1);
		return chargedMs;
	}

	/** What was granted at `at` came to nothing. */
	takeBack(pool: string, user: string, chargedMs: number, at: number): void {
		this.of(pool).line.takenBack(user, chargedMs, at);
		this.#stop(pool, user);
	}

	/** From here on the lease is known by its id. */
	book(leaseId: string, { pool, user, chargedMs }: BookedLease): void {
		this.#leases.set(leaseId, { pool, user, chargedMs });
	}

	/** Whether there was such a lease. */
	ended(leaseId: string, actualMs: number): boolean {
		const lease = this.#leases.get(leaseId);
		if (lease === undefined) return false;
		this.#leases.delete(leaseId);
		this.#durations.add(actualMs);
		this.#end(lease, actualMs);
		return true;
	}

	/** Other rules; who waits keeps his place by them, what was used counts on. */
	configure(policy: LinePolicy): void {
		const now = this.#clock.now();
		const usage = this.#share.entries(now);
		const waiting = [...this.#lines].map(([pool, { line, teller }]) => {
			teller.close();
			return { pool, served: line.served, ...line.split() };
		});
		this.#rules = resolveLinePolicy(policy);
		this.#share = new FairShare(this.#rules);
		this.#share.restore(usage, now);
		this.#lines.clear();
		for (const { pool, served, ahead, behind } of waiting) {
			const { line } = this.of(pool);
			for (const entry of ahead) line.joinAhead(entry);
			for (const entry of behind) line.join(entry);
			for (const [user, at] of served) line.wasServed(user, at);
		}
	}

	/** What users have used lately, for a store. */
	get usage(): Json {
		const at = epochOf(this.#clock);
		return { at, users: this.#share.entries(this.#clock.now()).map((entry) => ({ ...entry })) };
	}

	/** Adds what {@link usage} was; anything else is nothing. */
	restore(usage: Json | undefined): void {
		const { data } = usageSchema.safeParse(usage);
		if (data === undefined) return;
		const agoMs = Math.max(0, epochOf(this.#clock) - data.at);
		this.#share.restore(data.users, this.#clock.now() - agoMs);
		for (const { line } of this.all) line.limitsChanged();
	}

	#end({ pool, user, chargedMs }: BookedLease, actualMs: number): void {
		this.of(pool).line.ended(user, actualMs, chargedMs, this.#clock.now());
		this.#stop(pool, user);
	}

	#stop(pool: string, user: string): void {
		for (const { line } of this.#others(pool)) line.runElsewhere(user, -1);
		const left = (this.#running.get(user) ?? 1) - 1;
		if (left > 0) this.#running.set(user, left);
		else this.#running.delete(user);
	}

	#others(pool: string): readonly PoolLine[] {
		return [...this.#lines].flatMap(([name, line]) => (name === pool ? [] : [line]));
	}

	#make(): PoolLine {
		const { patienceMs, limitsOf, expectedMs } = this.#rules;
		const line = new FairLine<WaitingBuild>({
			share: this.#share,
			patienceMs,
			limitsOf,
			expectedMs: expectedMs ?? (() => this.#durations.value ?? FIRST_EXPECTED_MS),
		});
		for (const [user, count] of this.#running) line.runElsewhere(user, count);
		return { line, teller: new LineTeller({ clock: this.#clock, line }) };
	}
}
