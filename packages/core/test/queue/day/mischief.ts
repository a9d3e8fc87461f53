import {
	ContainerBuilderError,
	type MachineRequest,
	type QueueSettings,
	type QueueStep,
} from '@olcf/container-builder-core';
import type { FakeMachineScript } from '@olcf/container-builder-testing';
import type { QueueLives } from '../queue-lives.js';
import type { DayPlan, DayPool } from './day-plan.js';
import { DayRandom } from './day-random.js';
import type { DaySite } from './day-site.js';
import type { DayTrouble } from './day-troubles.js';
import type { DayWatch } from './day-watch.js';
import { machineScript } from './machine-faults.js';
import { SECOND } from './time.js';

/** For so long a machine of which nobody knows whether it was made may not be seen yet. */
const UNSURE_MS = 4 * SECOND;

/** Brings the troubles of a day about, and knows what has come of it. */
export class Mischief {
	/** How many times what went wrong. */
	readonly done = new Map<string, number>();
	/** How many machines the cloud has room for. */
	quota: number | undefined;
	readonly #plan: DayPlan;
	readonly #lives: QueueLives;
	readonly #site: DaySite;
	readonly #watch: DayWatch;
	readonly #random: DayRandom;
	/** When machines that are being made can be seen at the latest, by builder id. */
	readonly #seenAt = new Map<string, number>();
	readonly #late = new Set<string>();
	readonly #steps = new Map<QueueStep, number>();
	#pools: readonly DayPool[];
	#images = 1;
	#over = false;

	constructor(plan: DayPlan, lives: QueueLives, site: DaySite, watch: DayWatch) {
		this.#plan = plan;
		this.#lives = lives;
		this.#site = site;
		this.#watch = watch;
		this.#pools = plan.pools;
		this.#random = new DayRandom(plan.seed + 0.5 * 2 ** 31);
		site.onEnd = () => this.#processEnded();
	}

	/** Of the queue at this hour. */
	settings(): QueueSettings {
		const { users, patienceMs, idleMs, deadlineMs } = this.#plan;
		return { pools: this.#pools, users, fairness: { patienceMs }, idleMs, deadlineMs };
	}

	begin(): void {
		for (const trouble of this.#plan.troubles) {
			this.#site.clock.schedule(() => this.#bring(trouble), trouble.atMs);
		}
	}

	/** From now on all goes well. */
	end(): void {
		this.#over = true;
		this.#steps.clear();
		this.quota = undefined;
	}

	/** Asked at each machine that is made. */
	machineScript(request: MachineRequest, index: number): FakeMachineScript {
		if (this.#over) return { delayMs: SECOND, bootMs: 5 * SECOND };
		const { script, has } = machineScript(this.#plan.faults, this.#plan.seed, index);
		for (const fault of has) this.#count(fault);
		const delayMs = typeof script.delayMs === 'number' ? script.delayMs : 0;
		this.#seenAt.set(request.builderId, this.#site.clock.now() + delayMs + this.#plan.listStaleMs);
		if (script.diesAfterMs !== undefined) this.#watch.mayDie(request.builderId);
		return script;
	}

	/**
	 * Whether a machine appeared so long after the death of the process which had asked for it that the next one had
	 * taken it for one that was never made.
	 */
	isLate(builderId: string): boolean {
		return this.#late.has(builderId);
	}

	/** The most builders that a pool may have now. */
	maxOf(pool: string): number {
		return this.#pools.find(({ name }) => name === pool)?.max ?? 0;
	}

	/** Whether the queue's process is killed at this very step. */
	crashesAt(step: QueueStep): boolean {
		const downMs = this.#steps.get(step);
		if (downMs === undefined) return false;
		this.#steps.delete(step);
		this.#site.downMs = downMs;
		this.#count('crash-at-step');
		return true;
	}

	#processEnded(): void {
		const trustedUntil = this.#site.clock.now() + UNSURE_MS;
		for (const [builderId, at] of this.#seenAt) if (at >= trustedUntil) this.#late.add(builderId);
		this.#seenAt.clear();
	}

	#count(what: string): void {
		this.done.set(what, (this.done.get(what) ?? 0) + 1);
	}

	#bring(trouble: DayTrouble): void {
		if (this.#over) return;
		const { provider, transport } = this.#lives;
		const life = this.#site.present;
		if (trouble.kind !== 'crash-at-step') this.#count(trouble.kind);
		switch (trouble.kind) {
			case 'crash':
			case 'hand-over':
				if (life === undefined) break;
				this.#site.downMs = trouble.downMs;
				void (trouble.kind === 'crash' ? life.crash() : life.handOver());
				break;
			case 'crash-at-step':
				this.#steps.set(trouble.step, trouble.downMs);
				break;
			case 'connections-break':
				transport.breakChannels({ channel: 'control' });
				break;
			case 'builder-unreachable':
			case 'builder-silent':
				this.#cutOff(trouble.kind);
				break;
			case 'quota':
				this.quota = trouble.machines;
				break;
			case 'calls-fail': {
				const error = new ContainerBuilderError('provider-unavailable', 'Service Unavailable', {
					outcome: 'none',
				});
				provider.failNext(trouble.method, error, trouble.times);
				break;
			}
			case 'call-hangs':
				provider.hangNext(trouble.method);
				break;
			case 'policy':
				this.#pools = this.#pools.map((pool) => ({
					...pool,
					...trouble.changes.find(({ name }) => name === pool.name),
				}));
				life?.queue.configure(this.settings());
				break;
			case 'new-image':
				provider.setImage('default', `image-${++this.#images}`);
		}
	}

	/** Nobody reaches some builder any more, or it says nothing any more. */
	#cutOff(kind: 'builder-unreachable' | 'builder-silent'): void {
		const { provider, transport, daemons } = this.#lives;
		const running = provider.machines.filter(({ state }) => state === 'running');
		const machine = running[this.#random.whole(0, running.length - 1)];
		const daemon = machine && daemons.get(machine.builderId);
		if (daemon === undefined || machine?.endpoint === undefined) return;
		this.#watch.mayDie(machine.builderId);
		if (kind === 'builder-silent') daemon.fallSilent();
		else {
			transport.setReachable(machine.endpoint.url, false);
			transport.breakChannels({ url: machine.endpoint.url });
		}
	}
}
