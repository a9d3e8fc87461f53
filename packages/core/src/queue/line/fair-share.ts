/** What a user has used lately. Plain data, for a store. */
export interface UserUsage {
	readonly user: string;
	/** Builder-milliseconds, decayed. */
	readonly usageMs: number;
}

/** Options of {@link FairShare}. */
export interface FairShareOptions {
	/** After how many milliseconds what was used counts half; more than 0, finite. */
	readonly halfLifeMs: number;
}

/** Less than this is nothing. */
const NEGLIGIBLE_MS = 1;
/** So many users are kept before those are looked for whose usage is nothing by now. */
const FIRST_SWEEP = 1_024;

/**
 * How much each user has used the builders lately, in builder-milliseconds that lose half of their weight in each
 * half-life. All times are by one clock.
 *
 * A score is the binary logarithm of the usage as it was, or would have been, at time 0: it changes by charges only,
 * not by time, and it does not overflow however long a queue runs.
 */
export class FairShare {
	readonly #halfLifeMs: number;
	readonly #scores = new Map<string, number>();
	#sweepAt = FIRST_SWEEP;

	constructor({ halfLifeMs }: FairShareOptions) {
		this.#halfLifeMs = halfLifeMs;
	}

	/** Charges `ms` that are used at `now`; a negative charge takes back one of the same time. Never below nothing. */
	charge(user: string, ms: number, now: number): void {
		const score = this.charged(this.score(user), ms, now);
		if (this.#usage(score, now) < NEGLIGIBLE_MS) this.#scores.delete(user);
		else this.#scores.set(user, score);
		if (this.#scores.size >= this.#sweepAt) this.#sweep(now);
	}

	/**
	 * A lease that lasted `actualMs` until `now`, and was charged `chargedMs` when it began, counts as it really was:
	 * each millisecond of it from the moment it passed.
	 */
	settle(user: string, actualMs: number, chargedMs: number, now: number): void {
		const lifeMs = this.#halfLifeMs / Math.LN2;
		this.charge(user, -Math.expm1(-actualMs / lifeMs) * lifeMs, now);
		this.charge(user, -chargedMs, now - actualMs);
	}

	/** Decayed builder-milliseconds. */
	usage(user: string, now: number): number {
		return this.#usage(this.score(user), now);
	}

	/** Who has used less has the lower one, whenever one looks. `-Infinity` for nothing. */
	score(user: string): number {
		return this.#scores.get(user) ?? -Infinity;
	}

	/** What a charge would make of a score. Pure. */
	charged(score: number, ms: number, now: number): number {
		if (ms === 0) return score;
		const charge = now / this.#halfLifeMs + Math.log2(Math.abs(ms));
		if (ms > 0) return Math.max(score, charge) + log2OnePlus(2 ** -Math.abs(score - charge));
		return charge < score ? score + log2OnePlus(-(2 ** (charge - score))) : -Infinity;
	}

	/** All whose usage is not negligible. */
	entries(now: number): UserUsage[] {
		return [...this.#scores]
			.map(([user, score]) => ({ user, usageMs: this.#usage(score, now) }))
			.filter(({ usageMs }) => usageMs >= NEGLIGIBLE_MS);
	}

	/**
	 * Adds what {@link entries} told before. `now`: the moment to which they belong, earlier than the present by as
	 * long as the queue was down.
	 */
	restore(entries: readonly UserUsage[], now: number): void {
		for (const { user, usageMs } of entries) this.charge(user, usageMs, now);
	}

	#usage(score: number, now: number): number {
		return 2 ** (score - now / this.#halfLifeMs);
	}

	#sweep(now: number): void {
		for (const [user, score] of this.#scores) {
			if (this.#usage(score, now) < NEGLIGIBLE_MS) this.#scores.delete(user);
		}
		this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#scores.size);
	}
}

function log2OnePlus(value: number): number {
	return Math.log1p(value) / Math.LN2;
}
