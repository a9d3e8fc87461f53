import type { Clock, Endpoint, Machine, MachineRequest } from '@olcf/container-builder-core';
import type { FakeFate } from './fake-fate.js';
import type { FakeDaemon, FakeProviderScript } from './fake-script.js';

/** One machine from its making on, with its past: what could be seen of it at which time. */
export class FakeMachine {
	readonly request: MachineRequest;
	readonly fate: FakeFate;
	readonly madeAt: number;
	/** Calls of `destroy` that were refused. */
	refusedDeletes = 0;
	readonly #clock: Clock;
	readonly #onBoot: FakeProviderScript['onBoot'];
	readonly #history: { readonly at: number; readonly seen: Machine | undefined }[];
	readonly #log: string[] = [];
	readonly #endpoint: Endpoint;
	#daemon: FakeDaemon | undefined;
	#booting: Promise<void> | undefined;
	#ended = false;
	#destroyed = false;
	#cancelTimer = (): void => {};
	#cancelLifetime = (): void => {};

	constructor(options: {
		request: MachineRequest;
		id: string;
		imageId: string;
		fate: FakeFate;
		clock: Clock;
		onBoot: FakeProviderScript['onBoot'];
		endsAtLifetime: boolean;
	}) {
		const { request, clock, fate } = options;
		this.request = request;
		this.fate = fate;
		this.#clock = clock;
		this.#onBoot = options.onBoot;
		this.#endpoint = { url: `memory:fake-${request.owner}-${request.builderId}` };
		this.madeAt = clock.now();
		const { builderId, owner } = request;
		const seen: Machine = {
			id: options.id,
			builderId,
			owner,
			state: 'creating',
			reach: 'host',
			imageId: options.imageId,
			labels: { ...request.labels },
		};
		this.#history = [{ at: this.madeAt, seen }];
		this.#cancelTimer = clock.schedule(() => void this.#boot(), fate.bootMs);
		if (options.endsAtLifetime) {
			this.#cancelLifetime = clock.schedule(() => void this.end('gone'), request.lifetimeMs);
		}
	}

	/** What could be seen of it then; undefined before its making and after its end. */
	seenAt(time: number): Machine | undefined {
		return this.#history.findLast(({ at }) => at <= time)?.seen;
	}

	get now(): Machine | undefined {
		return this.seenAt(this.#clock.now());
	}

	/** Whether `destroy` has answered; it may be listed for a while still. */
	get destroyed(): boolean {
		return this.#destroyed;
	}

	/** Whether nothing is to be seen of it from that time on. */
	goneAt(time: number): boolean {
		const last = this.#history.at(-1);
		return last !== undefined && last.seen === undefined && last.at <= time;
	}

	get console(): string {
		return this.#log.map((line) => `${line}\n`).join('');
	}

	/** Ends it, and its daemon; idempotent. Resolves when the daemon has closed. */
	async end(how: 'failed' | 'gone' | 'destroyed'): Promise<void> {
		const seen = this.now;
		if (how === 'destroyed' && seen !== undefined && !this.#destroyed) {
			this.#destroyed = true;
			const { lingersMs, lingersAs } = this.fate;
			if (lingersMs > 0 && lingersAs === 'deleting') this.#show({ ...seen, state: lingersAs });
			this.#show(undefined, this.#clock.now() + lingersMs);
		}
		if (!this.#ended) {
			this.#ended = true;
			this.#cancelTimer();
			this.#cancelLifetime();
			this.#log.push(`ended: ${how}`);
			if (how === 'failed' && seen !== undefined)
				this.#show({ ...seen, state: 'failed', fault: 'the machine died' });
			if (how === 'gone') this.#show(undefined);
		}
		await this.#booting;
		const daemon = this.#daemon;
		this.#daemon = undefined;
		await daemon
			?.close()
			.catch((error: unknown) => this.#log.push(`the daemon did not close: ${String(error)}`));
	}

	#show(seen: Machine | undefined, at = this.#clock.now()): void {
		this.#history.push({ at, seen });
	}

	async #boot(): Promise<void> {
		const seen = this.now;
		if (this.#ended || seen === undefined) return;
		if (this.fate.fault !== undefined) {
			this.#log.push(`failed: ${this.fate.fault}`);
			this.#show({ ...seen, state: 'failed', fault: this.fate.fault });
			return;
		}
		const running: Machine = { ...seen, state: 'running', endpoint: this.#endpoint };
		this.#log.push('booted');
		if (this.#onBoot === undefined || this.fate.neverReady) this.#run(running);
		else {
			this.#booting = this.#startDaemon(running, this.#onBoot);
			await this.#booting;
		}
	}

	async #startDaemon(machine: Machine, onBoot: NonNullable<FakeProviderScript['onBoot']>): Promise<void> {
		try {
			this.#daemon = await onBoot(machine, Uint8Array.from(this.request.bootstrap));
			if (!this.#ended) this.#run({ ...machine, endpoint: this.#daemon.endpoint });
		} catch (error) {
			this.#log.push(`failed: ${String(error)}`);
			if (!this.#ended) this.#show({ ...machine, state: 'failed', fault: String(error) });
		}
	}

	#run(machine: Machine): void {
		this.#show(machine);
		const { diesAfterMs, deathShows } = this.fate;
		if (diesAfterMs !== undefined) {
			this.#cancelTimer = this.#clock.schedule(() => void this.end(deathShows), diesAfterMs);
		}
	}
}
