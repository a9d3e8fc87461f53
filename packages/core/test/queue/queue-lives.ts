import {
	BuilderQueue,
	type BuilderQueueOptions,
	type Hold,
	memoryStore,
	type QueueStep,
	type Store,
} from '@olcf/container-builder-core';
import {
	type FakeProvider,
	type FakeProviderScript,
	fakeProvider,
	type MemoryTransport,
	memoryTransport,
	type VirtualClock,
	virtualClock,
} from '@olcf/container-builder-testing';
import { ScriptedDaemon } from './scripted-daemon.js';

/** One process of the queue, as far as it can be within another. */
export interface QueueLife {
	readonly queue: BuilderQueue;
	/** Ends it as SIGKILL does: nothing that it has begun goes on, nothing of it is heard any more. */
	crash(): Promise<void>;
}

/** Several lives of a queue, one after the other, over the same store, cloud and network. */
export interface QueueLives extends AsyncDisposable {
	readonly clock: VirtualClock;
	readonly provider: FakeProvider;
	readonly store: Store;
	readonly transport: MemoryTransport;
	/** By builder id. */
	readonly daemons: ReadonlyMap<string, ScriptedDaemon>;
	begin(
		options?: Partial<BuilderQueueOptions> & { readonly crashAt?: (step: QueueStep) => boolean },
	): QueueLife;
	advance(ms?: number): Promise<void>;
}

export function queueLives(options: { readonly provider?: FakeProviderScript } = {}): QueueLives {
	const clock = virtualClock();
	const transport = memoryTransport({ clock });
	const store = memoryStore();
	const daemons = new Map<string, ScriptedDaemon>();
	const provider = fakeProvider({
		clock,
		onBoot: async (machine, bootstrap) => {
			if (machine.endpoint === undefined) throw new TypeError('a machine without an endpoint');
			const daemon = await ScriptedDaemon.start(transport, machine.endpoint, bootstrap);
			daemons.set(machine.builderId, daemon);
			return daemon;
		},
		...options.provider,
	});
	const begin: QueueLives['begin'] = ({ crashAt, ...queueOptions } = {}) => {
		let dead = false;
		const holds: Hold[] = [];
		const isDead = (): boolean => dead;
		const crash = async (): Promise<void> => {
			if (dead) return;
			dead = true;
			transport.breakChannels({ channel: 'control' });
			for (const hold of holds) await hold.release();
		};
		const mortalStore: Store = {
			...bound(store, isDead),
			acquire: async (name, acquireOptions) => {
				const hold = await store.acquire(name, acquireOptions);
				holds.push(hold);
				if (dead) await hold.release();
				const lost = hold.lost.then(() => (dead ? new Promise<void>(() => {}) : undefined));
				return { ...hold, fence: hold.fence, lost };
			},
		};
		const queue = new BuilderQueue({
			provider: bound(provider, isDead),
			transports: [bound(transport, isDead)],
			owner: 'test',
			user: 'tester',
			clock,
			store: mortalStore,
			onStep: (step) => {
				if (!dead && crashAt?.(step)) void crash();
			},
			...queueOptions,
		});
		return { queue, crash };
	};
	return {
		clock,
		provider,
		store,
		transport,
		daemons,
		begin,
		advance: async (ms = 0) => {
			await clock.advance(ms);
			await clock.advance(0);
		},
		[Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
	};
}

/** An object whose methods are never heard of again once it is dead. */
function bound<T extends object>(object: T, isDead: () => boolean): T {
	const made: Record<string, unknown> = {};
	const names = new Set<string>();
	for (let layer: object = object; layer !== Object.prototype; layer = Object.getPrototypeOf(layer)) {
		for (const name of Object.getOwnPropertyNames(layer)) names.add(name);
	}
	for (const name of names) {
		const value: unknown = Reflect.get(object, name);
		made[name] =
			typeof value === 'function'
				? (...args: unknown[]) => (isDead() ? new Promise(() => {}) : Reflect.apply(value, object, args))
				: value;
	}
	return made as T;
}
