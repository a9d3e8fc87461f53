import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairLine } from '../../src/queue/line/fair-line.js';
import { FairShare } from '../../src/queue/line/fair-share.js';
import type { LineEntry } from '../../src/queue/line/line-entry.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A site with some builders and users that always have work. */
class BusySite {
	readonly share: FairShare;
	readonly line: FairLine<LineEntry>;
	/** Builder-milliseconds of the leases that were begun. */
	readonly used = new Map<string, number>();
	readonly grants: { readonly user: string; readonly ms: number }[] = [];
	readonly #leases: { readonly user: string; readonly since: number; readonly until: number }[] = [];
	readonly #builders: number;
	readonly #expectedMs: number;
	now = 0;

	constructor(options: { builders: number; halfLifeMs: number; expectedMs: number }) {
		this.#builders = options.builders;
		this.#expectedMs = options.expectedMs;
		this.share = new FairShare(options);
		this.line = new FairLine({
			share: this.share,
			patienceMs: Infinity,
			limitsOf: () => ({}),
			expectedMs: () => options.expectedMs,
		});
	}

	join(...users: string[]): void {
		for (const user of users) this.line.join({ user, priority: 'normal', since: this.now });
	}

	/** The next lease begins as soon as a builder is there; who has it joins again at once. */
	grant(lengthOf: (user: string) => number): void {
		if (this.#leases.length >= this.#builders) {
			this.#leases.sort((a, b) => b.until - a.until);
			const ended = this.#leases.pop();
			if (ended !== undefined) {
				this.now = ended.until;
				this.line.ended(ended.user, ended.until - ended.since, this.#expectedMs, this.now);
			}
		}
		const entry = this.line.next(this.now);
		if (entry === undefined) throw new Error('nobody waits');
		const { user } = entry;
		const ms = lengthOf(user);
		this.line.granted(user, this.now);
		this.#leases.push({ user, since: this.now, until: this.now + ms });
		this.used.set(user, (this.used.get(user) ?? 0) + ms);
		this.grants.push({ user, ms });
		this.join(user);
	}

	/** How far apart the users are in builder-milliseconds. */
	get spread(): number {
		return spread([...this.used.values()]);
	}
}

const EXPECTED = 10 * MINUTE;
const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
const usersOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `user-${index}`);

describe('users that always have work', () => {
	it('get the same to within a lease where leases are alike, for any number of builders', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 2, max: 7 }),
				fc.integer({ min: 1, max: 5 }),
				fc.integer({ min: 1, max: 48 }),
				fc.integer({ min: 1, max: 40 }),
				(count, builders, halfLifeHours, lengthMinutes) => {
					const ms = lengthMinutes * MINUTE;
					// With several builders a user's leases overlap: how even it is depends on how good the guess is.
					const expectedMs = builders === 1 ? EXPECTED : ms;
					const site = new BusySite({ builders, halfLifeMs: halfLifeHours * HOUR, expectedMs });
					const users = usersOf(count);
					site.join(...users);
					for (const user of users) site.used.set(user, 0);
					for (let grant = 0; grant < 300; grant++) {
						site.grant(() => ms);
						expect(site.spread).toBeLessThanOrEqual(ms);
					}
				},
			),
			{ numRuns: 60 },
		);
	});

	it('get the same to within a lease however their leases differ', () => {
		const lengths = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 2, maxLength: 5 });
		fc.assert(
			fc.property(lengths, fc.infiniteStream(fc.integer({ min: 1, max: 3 })), (minutes, factors) => {
				// What is forgotten is not made up for: over a run that is short beside the half-life all is remembered.
				const site = new BusySite({ builders: 1, halfLifeMs: 1e6 * HOUR, expectedMs: EXPECTED });
				const users = usersOf(minutes.length);
				site.join(...users);
				for (const user of users) site.used.set(user, 0);
				let longest = 0;
				for (let grant = 0; grant < 400; grant++) {
					site.grant((user) => {
						const ms = (minutes[users.indexOf(user)] ?? 1) * factors.next().value * MINUTE;
						longest = Math.max(longest, ms);
						return ms;
					});
					expect(site.spread).toBeLessThanOrEqual(longest * 1.001);
				}
			}),
			{ numRuns: 40 },
		);
	});

	it('have the same usage of late to within a lease, however short the memory', () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 2, maxLength: 5 }),
				fc.integer({ min: 10, max: 600 }),
				(minutes, halfLifeMinutes) => {
					const halfLifeMs = halfLifeMinutes * MINUTE;
					const site = new BusySite({ builders: 1, halfLifeMs, expectedMs: EXPECTED });
					const users = usersOf(minutes.length);
					site.join(...users);
					const lengthOf = (user: string): number => (minutes[users.indexOf(user)] ?? 1) * MINUTE;
					const longest = Math.max(...minutes) * MINUTE;
					for (let grant = 0; grant < 300; grant++) {
						site.grant(lengthOf);
						// The lease under way counts as expected.
						const usage = users.map((user) => site.share.usage(user, site.now));
						expect(spread(usage)).toBeLessThanOrEqual(Math.max(longest, EXPECTED) + 1);
					}
				},
			),
			{ numRuns: 40 },
		);
	});
});

describe('a user who comes after a pause', () => {
	it('catches up with what the others have used of late, and no more', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 200 }),
				fc.integer({ min: 1, max: 400 }),
				fc.integer({ min: 5, max: 60 }),
				(grantsBefore, grantsAway, lengthMinutes) => {
					const ms = lengthMinutes * MINUTE;
					const site = new BusySite({ builders: 1, halfLifeMs: 6 * HOUR, expectedMs: EXPECTED });
					site.join('ann', 'bob', 'cid');
					for (let grant = 0; grant < grantsBefore; grant++) site.grant(() => ms);
					const [own] = site.line.entries.filter(({ user }) => user === 'cid');
					if (own !== undefined) site.line.leave(own);
					for (let grant = 0; grant < grantsAway; grant++) site.grant(() => ms);
					// The last lease is settled before the next is granted: what others have used counts from here.
					site.join('cid');
					const at = site.now + ms;
					const lag = Math.min(...['ann', 'bob'].map((user) => usageAfter(site, user, ms, at)));
					const credit = Math.max(0, lag - site.share.usage('cid', at));
					const from = site.grants.length;
					for (let grant = 0; grant < 100; grant++) site.grant(() => ms);
					const run = site.grants.slice(from).findIndex(({ user }) => user !== 'cid');
					expect(run).toBeGreaterThanOrEqual(0);
					expect(run * ms).toBeLessThanOrEqual(credit + ms);
					// Nobody's credit exceeds what a half-life leaves of builders that were always busy.
					expect(run * ms).toBeLessThanOrEqual((6 * HOUR) / Math.LN2 + ms);
				},
			),
			{ numRuns: 80 },
		);
	});
});

/** The usage once the lease under way, if it is this user's, has ended after `ms`. */
function usageAfter(site: BusySite, user: string, ms: number, at: number): number {
	if (site.grants.at(-1)?.user !== user) return site.share.usage(user, at);
	const share = new FairShare({ halfLifeMs: 6 * HOUR });
	share.restore(site.share.entries(site.now), site.now);
	share.settle(user, ms, EXPECTED, at);
	return share.usage(user, at);
}
