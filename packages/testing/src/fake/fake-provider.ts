import {
	type AbortOptions,
	abortable,
	type Clock,
	ContainerBuilderError,
	type CreateOptions,
	type Machine,
	type MachineRequest,
	type Provider,
	type ProviderCapabilities,
	type Removed,
	systemClock,
	throwIfAborted,
} from '@olcf/container-builder-core';
import { checkRequest } from './check-request.js';
import { fakeFate } from './fake-fate.js';
import { FakeMachine } from './fake-machine.js';
import type { FakeCall, FakeMachineScript, FakeProviderScript } from './fake-script.js';
import { pickSpan, seededRandom } from './seeded-random.js';
import { wait } from './wait.js';

/** A provider without machines, and the means to look at it and to trouble it. Made by {@link fakeProvider}. */
export interface FakeProvider extends Provider, AsyncDisposable {
	/** What exists now, of all owners, whatever `list` may say. */
	readonly machines: readonly Machine[];
	/** Every call so far, in order. */
	readonly calls: readonly FakeCall[];
	/** Lets a machine die now. @default how 'failed' */
	kill(builderId: string, how?: 'failed' | 'gone'): Promise<void>;
	/** Lets the next calls of a method reject, before anything is done. @default times 1 */
	failNext(method: FakeCall['method'], error: ContainerBuilderError, times?: number): void;
	/** Changes the quota; undefined takes it away. */
	setQuota(quota: number | undefined): void;
	/** Adds an image or gives its name to another one, as when a newer one is published. */
	setImage(name: string, id: string): void;
	/** Ends all machines and their daemons; for the end of a test. */
	[Symbol.asyncDispose](): Promise<void>;
}

/**
 * A {@link Provider} whose machines exist in this process only, behave as the script says, and boot what `onBoot`
 * starts. Its machines outlive `close()`, as those of a cloud would: dispose of it at the end.
 */
export function fakeProvider(script: FakeProviderScript = {}): FakeProvider {
	return new ScriptedProvider(script);
}

class ScriptedProvider implements FakeProvider {
	readonly specificationVersion = 'v1';
	readonly name: string;
	readonly capabilities: ProviderCapabilities;
	readonly calls: FakeCall[] = [];
	readonly #script: FakeProviderScript;
	readonly #clock: Clock;
	readonly #random: () => number;
	readonly #images: Map<string, string>;
	readonly #machines: FakeMachine[] = [];
	readonly #creating = new Map<string, Promise<FakeMachine>>();
	readonly #failures: { readonly method: FakeCall['method']; readonly error: ContainerBuilderError }[] = [];
	#leftovers: { readonly owner: string; readonly at: number; readonly removed: Removed }[] = [];
	#quota: number | undefined;
	#made = 0;

	constructor(script: FakeProviderScript) {
		this.#script = script;
		this.#clock = script.clock ?? systemClock;
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

	get machines(): readonly Machine[] {
		return this.#machines.flatMap((machine) => machine.now ?? []);
	}

	create(request: MachineRequest, options?: CreateOptions): Promise<Machine> {
		return this.#call('create', request, async () => {
			throwIfAborted(options?.signal);
			checkRequest(request, this.capabilities);
			const existing = this.#find(request);
			if (existing?.now !== undefined) return existing.now;
			const key = `${request.owner}/${request.builderId}`;
			let making = this.#creating.get(key);
			if (making === undefined) {
				making = this.#make(request, options).finally(() => this.#creating.delete(key));
				this.#creating.set(key, making);
			}
			const made = await abortable(making, options?.signal);
			const seen = made.now;
			if (seen !== undefined) return seen;
			throw new ContainerBuilderError('machine-failed', 'the machine was gone at once', { outcome: 'none' });
		});
	}

	destroy(
		target: { readonly owner: string; readonly builderId: string },
		options?: AbortOptions,
	): Promise<void> {
		return this.#call('destroy', target, async () => {
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
		return this.#call('list', filter, async () => {
			throwIfAborted(options?.signal);
			await wait(this.#clock, this.#script.listDelayMs ?? 0, options?.signal);
			const time = this.#clock.now() - (this.#script.listStaleMs ?? 0);
			return this.#of(filter.owner).flatMap((machine) => machine.seenAt(time) ?? []);
		});
	}

	sweep(
		filter: { readonly owner: string; readonly keep: ReadonlySet<string>; readonly olderThanMs: number },
		options?: AbortOptions,
	): Promise<readonly Removed[]> {
		return this.#call('sweep', filter, async () => {
			throwIfAborted(options?.signal);
			const before = this.#clock.now() - filter.olderThanMs;
			const removed: Removed[] = [];
			for (const machine of this.#of(filter.owner)) {
				const seen = machine.now;
				if (seen === undefined || seen.state === 'deleting') continue;
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
		return this.#call('headroom', request, async () => {
			throwIfAborted(options?.signal);
			return this.#quota === undefined ? 1_000 : Math.max(0, this.#quota - this.#occupied());
		});
	}

	resolveImage(request: MachineRequest, options?: AbortOptions): Promise<string> {
		return this.#call('resolveImage', request, async () => {
			throwIfAborted(options?.signal);
			return this.#imageOf(request);
		});
	}

	console(id: string, options?: AbortOptions): Promise<string> {
		return this.#call('console', {}, async () => {
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
		for (let count = 0; count < times; count++) this.#failures.push({ method, error });
	}

	setQuota(quota: number | undefined): void {
		this.#quota = quota;
	}

	setImage(name: string, id: string): void {
		this.#images.set(name, id);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all(this.#machines.map((machine) => machine.end('gone')));
	}

	async #make(request: MachineRequest, options: CreateOptions | undefined): Promise<FakeMachine> {
		if (this.#quota !== undefined && this.#occupied() >= this.#quota) {
			throw new ContainerBuilderError('provider-quota', `all ${this.#quota} machines are in use`, {
				outcome: 'none',
			});
		}
		const imageId = this.#imageOf(request);
		const index = this.#made++;
		const script = this.#scriptOf(request, index);
		const delayMs = pickSpan(script.delayMs, this.#random) ?? 0;
		const fate = fakeFate(script, this.#random);
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
			this.#machines.push(machine);
			return machine;
		};
		const { error } = script;
		if (error?.outcome === 'unknown') build();
		options?.onProgress?.(`making ${request.builderId}`);
		await wait(this.#clock, delayMs, options?.signal);
		if (error === undefined) return build();
		throw new ContainerBuilderError(error.code ?? 'provider-unavailable', error.message ?? 'create failed', {
			outcome: error.outcome,
		});
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
				machine.request.builderId === target.builderId &&
				machine.now !== undefined &&
				machine.now.state !== 'deleting',
		);
	}

	#of(owner: string): FakeMachine[] {
		return this.#machines.filter((machine) => machine.request.owner === owner);
	}

	#occupied(): number {
		return this.machines.length + this.#creating.size;
	}

	async #remove(machine: FakeMachine): Promise<void> {
		const { owner } = machine.request;
		const at = this.#clock.now();
		if (machine.now !== undefined && machine.now.state !== 'deleting') {
			for (const removed of machine.fate.leavesBehind) this.#leftovers.push({ owner, at, removed });
		}
		await machine.end('destroyed');
	}

	async #call<T>(
		method: FakeCall['method'],
		target: { readonly owner?: string; readonly builderId?: string },
		run: () => Promise<T>,
	): Promise<T> {
		const { owner, builderId } = target;
		const index = this.calls.length;
		const call: FakeCall = { method, atMs: this.#clock.now(), owner, builderId, state: 'pending' };
		this.calls.push(call);
		try {
			const failure = this.#failures.findIndex((one) => one.method === method);
			if (failure !== -1) throw this.#failures.splice(failure, 1)[0]?.error;
			const result = await run();
			this.calls[index] = { ...call, state: 'resolved' };
			return result;
		} catch (error) {
			this.calls[index] = { ...call, state: 'rejected', error };
			throw error;
		}
	}
}
