import {
	activePolicy,
	chooseReady,
	decidePool,
	launchesExhausted,
	launchFailed,
	launchSnapshot,
	launchSucceeded,
	NO_LAUNCHES,
	nextPolicyChange,
	roomFreed,
	usableMs,
} from '@olcf/container-builder-core/policy';
import TinyQueue from 'tinyqueue';
import { Measures } from './measures.mjs';
import { durationSampler, randomSource } from './random.mjs';
import { SimulatedBuilder } from './simulated-builder.mjs';

/** A policy that decides so often at one moment never comes to rest. */
const MAX_DECISIONS = 10_000;
/** So long after the last checkout the world goes on, for those who wait and those who build. */
const PATIENCE_MS = 30 * 86_400_000;

/**
 * Runs a pool over the checkouts of `arrivals` and tells how it did. The pool is the real policy; only its builders
 * and its provider are made up. Times are whole milliseconds from the first moment at which a checkout may come.
 */
export function simulatePool(scenario, arrivals) {
	return new PoolSimulation(scenario, arrivals).run();
}

class PoolSimulation {
	nowMs;
	usableMs;
	#scenario;
	#arrivals;
	#measures;
	#sample;
	#chance;
	#policy;
	#history = NO_LAUNCHES;
	#builders = [];
	#creates = [];
	#made = 0;
	#leased = 0;
	#next = 0;
	#line;
	#events = new TinyQueue(
		[],
		(first, second) => first.atMs - second.atMs || first.sequence - second.sequence,
	);
	#sequence = 0;
	#wakeAtMs = Number.POSITIVE_INFINITY;

	constructor(scenario, arrivals) {
		const { seed, warmUpMs, createMs, bootMs, destroyMs } = scenario;
		this.#scenario = scenario;
		this.#arrivals = arrivals;
		this.#measures = new Measures(arrivals.length);
		this.nowMs = -warmUpMs;
		this.usableMs = usableMs(scenario);
		this.#sample = {
			createMs: durationSampler(createMs, randomSource(seed, 'creates')),
			bootMs: durationSampler(bootMs, randomSource(seed, 'boots')),
			destroyMs: durationSampler(destroyMs, randomSource(seed, 'destroys')),
		};
		this.#chance = { failure: randomSource(seed, 'failures'), vanish: randomSource(seed, 'vanishes') };
		const { priority } = arrivals;
		this.#line = new TinyQueue([], (first, second) => priority[second] - priority[first] || first - second);
	}

	run() {
		const { length, atMs } = this.#arrivals;
		const lastMs = length === 0 ? 0 : atMs[length - 1];
		this.#changePolicy();
		this.#settle();
		while (this.#next < length || this.#line.length > 0 || this.#leased > 0) {
			const eventMs = this.#events.peek()?.atMs ?? Number.POSITIVE_INFINITY;
			const arrivalMs = this.#next < length ? atMs[this.#next] : Number.POSITIVE_INFINITY;
			const nextMs = Math.min(eventMs, arrivalMs);
			if (nextMs === Number.POSITIVE_INFINITY || nextMs > lastMs + PATIENCE_MS) break;
			this.nowMs = nextMs;
			if (eventMs <= arrivalMs) this.#events.pop().happen();
			else this.#line.push(this.#next++);
			this.#settle();
		}
		for (const builder of this.#builders) this.#spend(builder);
		const waiting = this.#line.length;
		return this.#measures.summary({ arrivals: this.#arrivals, waiting, durationMs: Math.max(0, this.nowMs) });
	}

	/** Hands out what is ready and does what the policy decides, until it decides nothing more. */
	#settle() {
		for (let decisions = 0; ; decisions++) {
			if (decisions > MAX_DECISIONS) throw new Error(`the policy never comes to rest at ${this.nowMs} ms`);
			this.#handOut();
			this.#measures.decisions++;
			const { create, destroy, lookAgainMs } = decidePool(this.#snapshot());
			for (const { id } of destroy) this.#destroy(this.#builders.find((builder) => builder.id === id));
			for (let index = 0; index < create; index++) this.#create();
			if (create > 0 || destroy.length > 0) continue;
			this.#measures.peakWaiting = Math.max(this.#measures.peakWaiting, this.#line.length);
			if (lookAgainMs !== undefined) this.#wakeAt(this.nowMs + Math.ceil(lookAgainMs));
			return;
		}
	}

	/** Field by field: a spread costs more than the decision. */
	#snapshot() {
		const { failures, pausing, pauseMs, pausesCheckouts, quotaBlocked } = launchSnapshot(
			this.#history,
			this.nowMs,
		);
		return {
			policy: this.#policy,
			waiting: this.#line.length,
			builders: this.#builders,
			failures,
			pausing,
			pauseMs,
			pausesCheckouts,
			quotaBlocked,
			creates: this.#creates,
			nowMs: this.nowMs,
			draining: false,
		};
	}

	#handOut() {
		while (this.#line.length > 0) {
			const builder = chooseReady(this.#builders, this.#policy);
			if (builder === undefined) return;
			this.#lease(builder, this.#line.pop());
		}
	}

	#lease(builder, checkout) {
		const { idleMs, vanish, deadlineMs, lifetimeMs } = this.#scenario;
		const { atMs, buildMs } = this.#arrivals;
		this.#measures.granted(checkout, this.nowMs - atMs[checkout]);
		this.#leased++;
		this.#move(builder, 'leased');
		// A client that vanishes does so at some time of its build; the queue notices later.
		const vanishes = vanish > 0 && this.#chance.vanish() < vanish;
		const wantedMs = vanishes
			? Math.round(this.#chance.vanish() * buildMs[checkout]) + idleMs
			: buildMs[checkout];
		const leaseMs = Math.min(wantedMs, deadlineMs, builder.askedAtMs + lifetimeMs - this.nowMs);
		if (leaseMs < wantedMs) this.#measures.cutShort++;
		this.#after(leaseMs, () => this.#destroy(builder));
	}

	#create() {
		const builder = new SimulatedBuilder(this.#made++, this);
		const machines = this.#builders.filter(({ refused }) => !refused).length;
		builder.refused = machines >= (this.#scenario.quota ?? Number.POSITIVE_INFINITY);
		this.#builders.push(builder);
		this.#measures.launches++;
		if (!builder.refused) this.#measures.peak = Math.max(this.#measures.peak, machines + 1);
		const { createRate } = this.#policy;
		if (createRate !== undefined) {
			this.#creates.push(this.nowMs);
			while (this.#creates[0] <= this.nowMs - createRate.perMs) this.#creates.shift();
		}
		builder.createdAtMs = this.nowMs + this.#sample.createMs();
		this.#at(builder.createdAtMs, () => this.#created(builder));
	}

	#created(builder) {
		if (builder.state !== 'creating') return;
		if (builder.refused) {
			this.#measures.refusals++;
			this.#fail(builder, 'provider-quota');
			return;
		}
		this.#move(builder, 'booting');
		const { launchFailures, bootTimeoutMs } = this.#scenario;
		const fails = launchFailures > 0 && this.#chance.failure() < launchFailures;
		const bootMs = this.#sample.bootMs();
		if (fails || bootMs > bootTimeoutMs)
			this.#after(bootTimeoutMs, () => this.#fail(builder, 'boot-timeout'));
		else this.#after(bootMs, () => this.#ready(builder));
	}

	#ready(builder) {
		if (builder.state !== 'booting') return;
		this.#move(builder, 'ready');
		this.#history = launchSucceeded(this.#history, builder.askedAtMs);
		this.#at(builder.askedAtMs + this.usableMs, () => {});
	}

	#fail(builder, code) {
		if (builder.state !== 'creating' && builder.state !== 'booting') return;
		this.#move(builder, 'failed');
		this.#history = launchFailed(
			this.#history,
			{ code, retryable: true, askedAtMs: builder.askedAtMs },
			this.nowMs,
		);
		if (code === 'provider-quota') return;
		this.#measures.failures++;
		if (launchesExhausted(this.#history, this.#policy)) this.#failThoseBehind();
	}

	/** Who has no builder coming is told that there will be none. */
	#failThoseBehind() {
		const coming = this.#builders.filter(({ state }) =>
			['creating', 'booting', 'ready'].includes(state),
		).length;
		const first = [];
		while (first.length < coming && this.#line.length > 0) first.push(this.#line.pop());
		for (; this.#line.length > 0; this.#line.pop()) this.#measures.failed++;
		for (const checkout of first) this.#line.push(checkout);
	}

	#destroy(builder) {
		if (builder.state === 'leased') this.#leased--;
		else if (builder.state !== 'failed') this.#measures.unused++;
		this.#move(builder, 'destroying');
		// What is being created can be destroyed only afterwards.
		const createdMs = Math.max(0, builder.createdAtMs - this.nowMs);
		this.#after(createdMs + (builder.refused ? 0 : this.#sample.destroyMs()), () => {
			this.#spend(builder);
			this.#builders.splice(this.#builders.indexOf(builder), 1);
			if (!builder.refused) this.#history = roomFreed(this.#history, this.nowMs);
		});
	}

	#move(builder, state) {
		this.#spend(builder);
		builder.state = state;
	}

	/** There never was a machine where the provider refused it. */
	#spend(builder) {
		if (!builder.refused) this.#measures.spent(builder.state, builder.sinceMs, this.nowMs);
		builder.sinceMs = this.nowMs;
	}

	#changePolicy() {
		const { policy, startEpochMs } = this.#scenario;
		this.#policy = activePolicy(policy, startEpochMs + this.nowMs);
		const changeMs = nextPolicyChange(policy, startEpochMs + this.nowMs);
		if (changeMs !== undefined) this.#at(changeMs - startEpochMs, () => this.#changePolicy());
	}

	/** Decides again then, at the latest. */
	#wakeAt(atMs) {
		if (atMs >= this.#wakeAtMs && this.#wakeAtMs > this.nowMs) return;
		this.#wakeAtMs = atMs;
		this.#at(atMs, () => {});
	}

	#after(delayMs, happen) {
		this.#at(this.nowMs + delayMs, happen);
	}

	#at(atMs, happen) {
		this.#events.push({ atMs, sequence: this.#sequence++, happen });
	}
}
