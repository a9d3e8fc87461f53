import {
	type AbortOptions,
	abortable,
	type Clock,
	ContainerBuilderError,
	type CreateOptions,
	type Machine,
	type MachineRequest,
	type ProviderCapabilities,
	type Removed,
	systemClock,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { checkRequest } from './check-request.js';
import { FakeCalls } from './fake-calls.js';
import { fakeFate } from './fake-fate.js';
import { FakeMachine } from './fake-machine.js';
import type { FakeProvider } from './fake-provider.js';
import { type FakeQuota, roomFor } from './fake-quota.js';
import type { FakeCall, FakeMachineScript, FakeProviderScript } from './fake-script.js';
import { seededRandom } from './seeded-random.js';
import { wait } from './wait.js';

/** A machine on its way. */
interface Creation {
	readonly request: MachineRequest;
	readonly machine: Promise<FakeMachine>;
}

/** What {@link fakeProvider} makes. */
export class ScriptedProvider implements FakeProvider {
	readonly specificationVersion = 'v1';
	readonly name: string;
	readonly capabilities: ProviderCapabilities;
	readonly #script: FakeProviderScript;
	readonly #clock: Clock;
	readonly #random: () => number;
	readonly #images: Map<string, string>;
	readonly #calls: FakeCalls;
	/** Those that can be seen in some list yet. */
	#machines: FakeMachine[] = [];
	/** Those that are not there yet. */
	readonly #creating = new Map<string, Creation>();
	#leftovers: { readonly owner: string; readonly at: number; readonly removed: Removed }[] = [];
	#quota: FakeQuota | undefined;
	#made = 0;

	constructor(script: FakeProviderScript) {
		this.#script = script;
		this.#clock = script.clock ?? systemClock;
		this.#calls = new FakeCalls(this.#clock);
		this.#random = seededRandom(script.seed ?? 1);
		this.#images = new Map(Object.entries(script.images ?? { default: 'image-1' }));
		this.#quota = script.quota;
		this.name = script.name ?? 'fake';
		this.capabilities = {
			architectures: ['amd64'],
			networks: ['isolated', 'shared', 'none'],
			privilege: 'user-namespace',
			durable: true,
			listen: { url: 'memory:' },
			limits: [],
			headroom: true,
			resolveImage: true,
			console: true,
			...script.capabilities,
		};
	}

	get calls(): readonly FakeCall[] {
		return this.#calls.made;
	}

	get machines(): readonly Machine[] {
		return this.#machines.flatMap((machine) => machine.now ?? []);
	}

	create(request: MachineRequest, options?: CreateOptions): Promise<Machine> {
		return this.#calls.make('create', request, async () => {
			throwIfAborted(options?.signal);
			checkRequest(request, this.capabilities);
			const existing = this.#find(request);
			if (existing?.now !== undefined) return existing.now;
			const { machine } = this.#creating.get(keyOf(request)) ?? this.#begin(request, options);
			const seen = (await abortable(machine, options?.signal)).now;
			if (seen !== undefined) return seen;
			throw new ContainerBuilderError('machine-failed', 'the machine was gone at once', { outcome: 'none' });
		});
	}

	destroy(
		target: { readonly owner: string; readonly builderId: string },
		options?: AbortOptions,
	): Promise<void> {
		return this.#calls.make('destroy', target, async () => {
			throwIfAborted(options?.signal);
			const machine = this.#find(target);
			if (machine === undefined) return;
			if (machine.refusedDeletes < machine.fate.deleteErrors) {
				machine.refusedDeletes++;
				throw new ContainerBuilderError('provider-unavailable', `deleting ${target.builderId} failed`);
			}
			await wait(this.#clock, machine.fate.deleteDelayMs, options?.signal);
			await this.#remove(machine);
		});
	}

	list(filter: { readonly owner: string }, options?: AbortOptions): Promise<readonly Machine[]> {
		return this.#calls.make('list', filter, async () => {
			throwIfAborted(options?.signal);
			await wait(this.#clock, this.#script.listDelayMs ?? 0, options?.signal);
			const time = this.#clock.now() - (this.#script.listStaleMs ?? 0);
			this.#machines = this.#machines.filter((machine) => !machine.goneAt(time));
			return this.#of(filter.owner).flatMap((machine) => machine.seenAt(time) ?? []);
		});
	}

	sweep(
		filter: { readonly owner: string; readonly keep: ReadonlySet<string>; readonly olderThanMs: number },
		options?: AbortOptions,
	): Promise<readonly Removed[]> {
		return this.#calls.make('sweep', filter, async () => {
			throwIfAborted(options?.signal);
			const before = this.#clock.now() - filter.olderThanMs;
			const removed: Removed[] = [];
			for (const machine of this.#of(filter.owner)) {
				const seen = machine.now;
				if (seen === undefined || machine.destroyed) continue;
				if (filter.keep.has(seen.builderId) || machine.madeAt > before) continue;
				await this.#remove(machine);
				removed.push({ kind: 'machine', id: seen.id });
			}
			const old = this.#leftovers.filter(({ owner, at }) => owner === filter.owner && at <= before);
			this.#leftovers = this.#leftovers.filter((leftover) => !old.includes(leftover));
			return [...removed, ...old.map((leftover) => leftover.removed)];
		});
	}

	headroom(request: MachineRequest, options?: AbortOptions): Promise<number> {
		return this.#calls.make('headroom', request, async () => {
			throwIfAborted(options?.signal);
			return Math.min(1_000, roomFor(this.#quota, request, this.#existing()));
		});
	}

	resolveImage(request: MachineRequest, options?: AbortOptions): Promise<string> {
		return this.#calls.make('resolveImage', request, async () => {
			throwIfAborted(options?.signal);
			return this.#imageOf(request);
		});
	}

	console(id: string, options?: AbortOptions): Promise<string> {
		return this.#calls.make('console', {}, async () => {
			throwIfAborted(options?.signal);
			const machine = this.#machines.findLast((one) => one.now?.id === id);
			if (machine === undefined) throw new ContainerBuilderError('not-found', `there is no machine ${id}`);
			return machine.console;
		});
	}

	async close(): Promise<void> {}

	async kill(builderId: string, how: 'failed' | 'gone' = 'failed'): Promise<void> {
		const machine = this.#machines.findLast(
			(one) => one.request.builderId === builderId && one.now !== undefined,
		);
		if (machine === undefined) throw new TypeError(`there is no machine for builder ${builderId}`);
		await machine.end(how);
	}

	failNext(method: FakeCall['method'], error: ContainerBuilderError, times = 1): void {
		this.#calls.trouble({ method, error }, times);
	}

	hangNext(method: FakeCall['method'], times = 1): void {
		this.#calls.trouble({ method, error: undefined }, times);
	}

	setQuota(quota: FakeQuota | undefined): void {
		this.#quota = quota;
	}

	setImage(name: string, id: string): void {
		this.#images.set(name, id);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all(this.#machines.map((machine) => machine.end('gone')));
	}

	#begin(request: MachineRequest, options: CreateOptions | undefined): Creation {
		const key = keyOf(request);
		const machine = this.#make(request, options).finally(() => this.#creating.delete(key));
		const creation = { request, machine };
		machine.catch(() => {});
		this.#creating.set(key, creation);
		return creation;
	}

	async #make(request: MachineRequest, options: CreateOptions | undefined): Promise<FakeMachine> {
		if (roomFor(this.#quota, request, this.#existing()) < 1) {
			const bound =
				typeof this.#quota === 'number' ? `all ${this.#quota} machines are in use` : 'no room is left';
			throw new ContainerBuilderError('provider-quota', bound, { outcome: 'none' });
		}
		const imageId = this.#imageOf(request);
		const index = this.#made++;
		const fate = fakeFate(this.#scriptOf(request, index), this.#random);
		const build = (): FakeMachine => {
			const machine = new FakeMachine({
				request,
				id: `${this.name}-${index + 1}`,
				imageId,
				fate,
				clock: this.#clock,
				onBoot: this.#script.onBoot,
				endsAtLifetime: this.#script.endsAtLifetime ?? false,
			});
			this.#creating.delete(keyOf(request));
			this.#machines.push(machine);
			return machine;
		};
		const { error, delayMs } = fate;
		// Until it is noted as one that is being made.
		await Promise.resolve();
		if (error?.outcome === 'unknown') build();
		options?.onProgress?.(`making ${request.builderId}`);
		await wait(this.#clock, delayMs, options?.signal);
		if (error !== undefined) throw error;
		const machine = build();
		return fate.answerLost ? await new Promise<never>(() => {}) : machine;
	}

	#scriptOf(request: MachineRequest, index: number): FakeMachineScript {
		const { machines } = this.#script;
		return (typeof machines === 'function' ? machines(request, index) : machines?.[index]) ?? {};
	}

	#imageOf(request: MachineRequest): string {
		const name = request.image ?? this.#images.keys().next().value ?? 'default';
		const id = this.#images.get(name) ?? [...this.#images.values()].find((known) => known === name);
		if (id !== undefined) return id;
		throw new ContainerBuilderError('builder-image', `there is no image '${name}'`, { outcome: 'none' });
	}

	#find(target: { readonly owner: string; readonly builderId: string }): FakeMachine | undefined {
		return this.#of(target.owner).findLast(
			(machine) =>
				machine.request.builderId === target.builderId && machine.now !== undefined && !machine.destroyed,
		);
	}

	#of(owner: string): FakeMachine[] {
		return this.#machines.filter((machine) => machine.request.owner === owner);
	}

	/** What counts in the quota. */
	#existing(): MachineRequest[] {
		return [
			...this.#machines.flatMap((machine) => (machine.now === undefined ? [] : [machine.request])),
			...[...this.#creating.values()].map(({ request }) => request),
		];
	}

	async #remove(machine: FakeMachine): Promise<void> {
		const { owner } = machine.request;
		const at = this.#clock.now();
		if (machine.now !== undefined && !machine.destroyed) {
			for (const removed of machine.fate.leavesBehind) this.#leftovers.push({ owner, at, removed });
		}
		await machine.end('destroyed');
	}
}

function keyOf({ owner, builderId }: Pick<MachineRequest, 'owner' | 'builderId'>): string {
	return `${owner}/${builderId}`;
}
