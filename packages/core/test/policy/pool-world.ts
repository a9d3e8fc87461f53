import fc from 'fast-check';
import type { ActivePolicy } from '../../src/policy/active-policy.js';
import { chooseReady } from '../../src/policy/choose-ready.js';
import { decidePool, type PoolDecision } from '../../src/policy/decide-pool.js';
import type { PoolSnapshot, PoolSnapshotBuilder } from '../../src/policy/pool-snapshot.js';
import type { PoolBuilderState } from '../../src/spec/index.js';

const STATES: readonly PoolBuilderState[] = [
	'creating',
	'booting',
	'ready',
	'leased',
	'destroying',
	'failed',
	'gone',
];

type Builder = { -readonly [Field in keyof PoolSnapshotBuilder]: PoolSnapshotBuilder[Field] };

export const POLICY: ActivePolicy = {
	enabled: true,
	max: 10,
	reserve: 0,
	scaleFactor: 0,
	maxReserve: 10,
	createConcurrency: 10,
	launchRetries: 5,
};

/** `ready!` is one that is to be replaced, `ready?` one that has expired. */
export function snapshot(
	builders: readonly string[],
	policy: Partial<ActivePolicy> = {},
	more: Partial<PoolSnapshot> = {},
): PoolSnapshot {
	return {
		policy: { ...POLICY, ...policy },
		waiting: 0,
		failures: 0,
		pausing: false,
		pausesCheckouts: true,
		quotaBlocked: false,
		creates: [],
		nowMs: 1_000_000,
		draining: false,
		builders: builders.map((text, index) => ({
			id: `b${index}`,
			state: text.replace(/[!?]/, '') as PoolBuilderState,
			ageMs: 1_000,
			expired: text.endsWith('?'),
			outdated: text.endsWith('!'),
		})),
		...more,
	};
}

/** A world that does at once what it is told to, and in which nothing ever fails or ends by itself. */
export class PoolWorld {
	builders: Builder[];
	waiting: number;
	nowMs: number;
	failures: number;
	readonly creates: number[];
	readonly made = new Set<string>();
	readonly #given: PoolSnapshot;

	constructor(given: PoolSnapshot) {
		this.#given = given;
		this.builders = given.builders.map((builder) => ({ ...builder }));
		this.waiting = given.waiting;
		this.nowMs = given.nowMs;
		this.failures = given.failures;
		this.creates = [...given.creates];
	}

	get snapshot(): PoolSnapshot {
		const { builders, waiting, nowMs, failures, creates } = this;
		return { ...this.#given, builders, waiting, nowMs, failures, creates };
	}

	count(state: PoolBuilderState): number {
		return this.builders.filter((builder) => builder.state === state).length;
	}

	/** Hands out what is ready, does what is decided, and lets a minute pass. */
	step(): PoolDecision {
		while (this.waiting > 0 && !this.#given.draining && this.#given.policy.enabled) {
			const ready = chooseReady(this.builders, this.#given.policy);
			if (ready === undefined) break;
			ready.state = 'leased';
			this.waiting--;
		}
		const decision = decidePool(this.snapshot);
		const going = new Set(decision.destroy.map(({ id }) => id));
		for (const builder of this.builders) if (going.has(builder.id)) builder.state = 'destroying';
		for (let index = 0; index < decision.create; index++) {
			const id = `new${this.made.size}`;
			this.made.add(id);
			this.creates.push(this.nowMs);
			this.builders.push({ id, state: 'creating', ageMs: 0, expired: false, outdated: false });
		}
		return decision;
	}

	/** Each builder comes one state further; whether any did. */
	pass(): boolean {
		this.nowMs += 60_000;
		const before = this.builders.map(({ state }) => state).join();
		this.builders = this.builders.filter(({ state }) => state !== 'destroying' && state !== 'gone');
		for (const builder of this.builders) {
			if (builder.state === 'booting') builder.state = 'ready';
			else if (builder.state === 'creating') builder.state = 'booting';
		}
		if (this.count('ready') > 0) this.failures = 0;
		return this.builders.map(({ state }) => state).join() !== before;
	}

	/** Until nothing has happened for longer than any rate's window. Throws where that never comes. */
	settle(watch: (decision: PoolDecision) => void = () => {}): void {
		for (let quiet = 0, steps = 0; quiet < 12; steps++) {
			if (steps > 2_000) throw new Error('the world never comes to rest');
			const decision = this.step();
			watch(decision);
			const moved = this.pass();
			quiet = moved || decision.create > 0 || decision.destroy.length > 0 ? 0 : quiet + 1;
		}
	}
}

const builders = fc
	.array(
		fc.record({
			state: fc.constantFrom(...STATES),
			ageMs: fc.integer({ min: 0, max: 100_000 }),
			expired: fc.boolean(),
			outdated: fc.boolean(),
		}),
		{ maxLength: 20 },
	)
	.map((list) => list.map((builder, index) => ({ id: `b${index}`, ...builder })));

const policies = fc
	.record({
		enabled: fc.boolean(),
		max: fc.integer({ min: 1, max: 25 }),
		reserve: fc.integer({ min: 0, max: 12 }),
		scaleFactor: fc.constantFrom(0, 0, 0.1, 0.5, 1.1),
		maxReserve: fc.integer({ min: 0, max: 25 }),
		// The clock of a world does not make its builders older.
		maxReserveAgeMs: fc.constantFrom(undefined, 50_000),
		createConcurrency: fc.integer({ min: 1, max: 5 }),
		createRate: fc.option(
			fc.record({ count: fc.integer({ min: 1, max: 4 }), perMs: fc.constantFrom(1, 90_000, 600_000) }),
			{ nil: undefined },
		),
		launchRetries: fc.constant(5),
	})
	.map((policy): ActivePolicy => {
		const maxReserve = Math.min(policy.maxReserve, policy.max);
		return { ...policy, maxReserve, reserve: Math.min(policy.reserve, maxReserve) };
	});

/** Any pool in any state, also those that no world leads to. */
export const snapshots: fc.Arbitrary<PoolSnapshot> = fc.record({
	policy: policies,
	waiting: fc.integer({ min: 0, max: 30 }),
	builders,
	failures: fc.constantFrom(0, 0, 1, 4),
	pausing: fc.boolean(),
	pauseMs: fc.constantFrom(undefined, 3_000),
	pausesCheckouts: fc.boolean(),
	headroom: fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined }),
	quotaBlocked: fc.boolean(),
	creates: fc
		.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 10 })
		.map((times) => times.sort((a, b) => a - b)),
	nowMs: fc.constant(1_000_000),
	draining: fc.boolean(),
});

/** The same of a pool whose provider does well and has room. */
export const healthySnapshots: fc.Arbitrary<PoolSnapshot> = snapshots.map((given) => ({
	...given,
	policy: { ...given.policy, enabled: true },
	failures: 0,
	pausing: false,
	headroom: undefined,
	quotaBlocked: false,
	draining: false,
}));

/** What the reserve of a policy is while so many are leased; written anew for the tests. */
export function reserveOf(policy: ActivePolicy, leased: number): number {
	const tenths = Math.round(policy.scaleFactor * 10) * leased;
	return Math.min(policy.maxReserve, policy.reserve + Math.floor((tenths + 9) / 10));
}
