import type { MachineRequest } from '@olcf/container-builder-core';
import { type QueueLife, type QueueLives, queueLives } from '../queue-lives.js';
import { attend } from './attend.js';
import { type DayPlan, dayPlan } from './day-plan.js';
import { DaySite } from './day-site.js';
import { DayWatch } from './day-watch.js';
import { Mischief } from './mischief.js';
import { HOUR, MINUTE } from './time.js';

/** What came of a day. */
export interface DayReport {
	readonly plan: DayPlan;
	/** What did not hold, with when. */
	readonly wrongs: readonly string[];
	readonly leases: number;
	readonly builds: number;
	/** Processes of the queue. */
	readonly lives: number;
	/** Machines that were asked for. */
	readonly machines: number;
	/** Leases that were held against the rules of the line. */
	readonly judged: number;
	/** How many times what went wrong. */
	readonly troubles: ReadonlyMap<string, number>;
	readonly refusals: ReadonlyMap<string, number>;
}

/** How many hours after midnight those who wait still have to be served. */
const EVENING_HOURS = 96;

/**
 * Lives through the day of that seed: 24 hours of clients that come, wait, leave, build and vanish, of machines that
 * are slow, fail, die or cannot be deleted, of a cloud and a network that break, and of a queue whose process is killed
 * or handed over. Then all goes well, until everybody is served.
 */
export async function randomDay(seed: number): Promise<DayReport> {
	const plan = dayPlan(seed);
	const day = new Day(plan);
	await using _ = day.lives;
	await day.live();
	return day.report();
}

class Day {
	readonly plan: DayPlan;
	readonly lives: QueueLives;
	readonly #site: DaySite;
	readonly #watch: DayWatch;
	readonly #mischief: Mischief;
	#asked = 0;

	constructor(plan: DayPlan) {
		this.plan = plan;
		this.lives = queueLives({
			provider: {
				seed: plan.seed,
				listStaleMs: plan.listStaleMs,
				quota: (request, existing) => this.#roomFor(request, existing),
				machines: (request, index) => {
					this.#asked++;
					return this.#mischief.machineScript(request, index);
				},
			},
		});
		const { clock } = this.lives;
		this.#watch = new DayWatch(plan, () => clock.now());
		this.#site = new DaySite(this.lives, () => this.#begin());
		this.#mischief = new Mischief(plan, this.lives, this.#site, this.#watch);
	}

	async live(): Promise<void> {
		this.#site.open();
		const visitors = this.plan.visits.map((visit) => attend(visit, this.#site, this.#watch));
		for (const visitor of visitors) visitor.catch((error) => this.#watch.wrong(`a visitor: ${error.stack}`));
		this.#mischief.begin();
		await this.#site.advance(24 * HOUR);
		this.#mischief.end();
		for (let hour = 0; hour < EVENING_HOURS && this.#watch.present.length > 0; hour++) {
			await this.#site.advance(HOUR);
		}
		for (const buildId of this.#watch.present) this.#watch.wrong(`${buildId} has got no answer`);
		// Builders of those who vanished are taken back, and the reserve is filled again.
		await this.#site.advance(2 * HOUR);
		this.#watch.line.settle(Number.POSITIVE_INFINITY);
		await this.#checkRest();
		await this.#closeAndCheck();
	}

	report(): DayReport {
		const { wrongs, leases, builds, line, refusals } = this.#watch;
		return {
			...{ plan: this.plan, wrongs, leases, builds, refusals },
			lives: this.#site.begun,
			machines: this.#asked,
			judged: line.judged,
			troubles: this.#mischief.done,
		};
	}

	#begin(): QueueLife {
		const { plan } = this;
		const life = this.lives.begin({
			...this.#mischief.settings(),
			redialGraceMs: MINUTE,
			probeMs: 15 * MINUTE,
			reconcileMs: 2 * MINUTE,
			closeTimeoutMs: 9 * MINUTE,
			crashAt: (step) => this.#mischief.crashesAt(step),
		});
		this.#watch.line.restarted();
		life.queue.on('event', (event) => {
			if (life.signal.aborted) return;
			this.#watch.heard(event);
			if (event.type !== 'builder-adopted' || event.leaseId === undefined) return;
			void life.queue.status().then(({ builders }) => {
				const buildId = builders.find(({ id }) => id === event.builderId)?.buildId;
				if (buildId !== undefined) this.#watch.line.goesOn(buildId, this.#site.clock.now());
			});
		});
		life.queue.start().catch((error) => {
			if (!life.signal.aborted) this.#watch.wrong(`seed ${plan.seed} cannot start: ${error}`);
		});
		return life;
	}

	/** Asked before each machine is made, with those that exist or are on their way. */
	#roomFor(request: MachineRequest, existing: readonly MachineRequest[]): number {
		const pool = request.flavor ?? '';
		const own = existing.filter(
			({ flavor, builderId }) => flavor === pool && !this.#mischief.isLate(builderId),
		).length;
		this.#watch.machineAsked(pool, own, this.#mischief.maxOf(pool));
		return (this.#mischief.quota ?? Infinity) - existing.length;
	}

	/** What is there when nothing goes wrong any more and nobody comes: the reserve. */
	async #checkRest(): Promise<void> {
		const status = await this.#site.present?.queue.status();
		if (status === undefined) return this.#watch.wrong('there is no queue');
		const { machines } = this.lives.provider;
		for (const { name, max, reserve } of status.pools) {
			const own = status.builders.filter(({ pool }) => pool === name);
			const states = own.map(({ state }) => state);
			if (own.length < reserve || own.length > max || states.some((state) => state !== 'ready'))
				this.#watch.wrong(`at rest pool ${name} has [${states}], its reserve is ${reserve} of ${max}`);
		}
		const known = status.builders.map(({ id }) => id).sort();
		const there = machines.map(({ builderId }) => builderId).sort();
		if (known.join() !== there.join()) this.#watch.wrong(`at rest there are ${there}, known are ${known}`);
		if (status.waiting.length > 0) this.#watch.wrong(`at rest ${status.waiting.length} wait`);
	}

	async #closeAndCheck(): Promise<void> {
		const closing = this.#site.present?.queue
			.close()
			.catch((error) => this.#watch.wrong(`closing: ${error}`));
		await this.#site.advance(10 * MINUTE);
		await closing;
		const left = this.lives.provider.machines.map(({ builderId }) => builderId);
		if (left.length > 0) this.#watch.wrong(`leaked: ${left}`);
		const records = [];
		for await (const [key] of this.lives.store.list('builder/')) records.push(key);
		if (records.length > 0) this.#watch.wrong(`records left: ${records}`);
	}
}
