import { setMaxListeners } from 'node:events';
import {
	BuilderQueue,
	type BuilderQueueOptions,
	type Clock,
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
import { type DaemonScript, ScriptedDaemon } from './scripted-daemon.js';

/** One process of the queue, as far as it can be within another. */
export interface QueueLife {
	readonly queue: BuilderQueue;
	/** Aborts when it has ended in whatever way. */
	readonly signal: AbortSignal;
	/** Ends it as SIGKILL does: nothing that it has begun goes on, nothing of it is heard any more. */
	crash(): Promise<void>;
	/** Lets it hand over to the next one, and ends it then. */
	handOver(): Promise<void>;
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

/** What lives are made of. */
export interface QueueLivesOptions {
	readonly provider?: FakeProviderScript;
	readonly daemon?: (index: number) => DaemonScript;
	/** Milliseconds until a write of a key has reached the store, and as many until its answer is back. @default 0 */
	readonly writeMs?: (key: string) => number;
	/** Told when a machine's daemon has ended. */
	readonly onDaemonEnd?: (builderId: string) => void;
}

export function queueLives(options: QueueLivesOptions = {}): QueueLives {
	const clock = virtualClock();
	const transport = memoryTransport({ clock });
	const store = memoryStore();
	const daemons = new Map<string, ScriptedDaemon>();
	const provider = fakeProvider({
		clock,
		onBoot: async (machine, bootstrap) => {
			const { builderId, endpoint } = machine;
			if (endpoint === undefined) throw new TypeError('a machine without an endpoint');
			const script = options.daemon?.(daemons.size);
			const daemon = await ScriptedDaemon.start(transport, endpoint, bootstrap, script);
			daemons.set(builderId, daemon);
			return {
				endpoint,
				close: async () => {
					options.onDaemonEnd?.(builderId);
					await daemon.close();
				},
			};
		},
		...options.provider,
	});
	const begin: QueueLives['begin'] = ({ crashAt, ...queueOptions } = {}) => {
		let dead = false;
		const over = new AbortController();
		setMaxListeners(0, over.signal);
		const holds: Hold[] = [];
		const isDead = (): boolean => dead;
		const end = async (): Promise<void> => {
			if (dead) return;
			dead = true;
			mortal.stop();
			transport.breakChannels({ channel: 'control' });
			for (const hold of holds) await hold.release();
			over.abort();
		};
		const mortal = mortalClock(clock);
		const { writeMs } = options;
		const onHold = (hold: Hold): void => void holds.push(hold);
		const queue = new BuilderQueue({
			provider: bound(provider, isDead),
			transports: [bound(transport, isDead)],
			owner: 'test',
			user: 'tester',
			clock: mortal.clock,
			store: bound(distantStore(store, { clock: mortal.clock, writeMs, isDead, onHold }), isDead),
			onStep: (step) => {
				if (!dead && crashAt?.(step)) void end();
			},
			...queueOptions,
		});
		return {
			queue,
			signal: over.signal,
			crash: end,
			handOver: async () => {
				await queue.handOver();
				await end();
			},
		};
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

/** A clock whose timers end with a process. */
function mortalClock(clock: Required<Clock>): { readonly clock: Required<Clock>; stop(): void } {
	const scheduled = new Set<() => void>();
	let stopped = false;
	const schedule: Clock['schedule'] = (callback, delayMs) => {
		if (stopped) return () => {};
		const takeBack = clock.schedule(() => {
			scheduled.delete(takeBack);
			callback();
		}, delayMs);
		scheduled.add(takeBack);
		return () => {
			scheduled.delete(takeBack);
			takeBack();
		};
	};
	const stop = (): void => {
		stopped = true;
		for (const takeBack of scheduled) takeBack();
		scheduled.clear();
	};
	return { clock: { now: () => clock.now(), epoch: () => clock.epoch(), schedule }, stop };
}

interface DistantStoreOptions {
	readonly clock: Clock;
	readonly writeMs: ((key: string) => number) | undefined;
	readonly isDead: () => boolean;
	readonly onHold: (hold: Hold) => void;
}

/** A store whose answers take their time; what is on its way there when the process ends never arrives. */
function distantStore(store: Store, { clock, writeMs, isDead, onHold }: DistantStoreOptions): Store {
	const pass = (ms: number): Promise<void> => new Promise((resolve) => clock.schedule(resolve, ms));
	const write = async <T>(key: string, run: () => Promise<T>): Promise<T> => {
		const ms = writeMs?.(key) ?? 0;
		if (ms === 0) return await run();
		await pass(ms);
		try {
			return await run();
		} finally {
			await pass(ms);
		}
	};
	return {
		specificationVersion: 'v1',
		get: (key) => store.get(key),
		put: (...put) => write(put[0], () => store.put(...put)),
		delete: (...erase) => write(erase[0], () => store.delete(...erase)),
		list: (...list) => store.list(...list),
		acquire: async (...acquire) => {
			const hold = await store.acquire(...acquire);
			if (isDead()) await hold.release();
			else onHold(hold);
			return { ...hold, lost: hold.lost.then(() => (isDead() ? new Promise<never>(() => {}) : undefined)) };
		},
	};
}

/** An object whose methods are never heard of again once it is dead: neither a new call nor the answer to an old one. */
function bound<T extends object>(object: T, isDead: () => boolean): T {
	const made: Record<string, unknown> = {};
	const names = new Set<string>();
	for (let layer: object = object; layer !== Object.prototype; layer = Object.getPrototypeOf(layer)) {
		for (const name of Object.getOwnPropertyNames(layer)) names.add(name);
	}
	const never = new Promise<never>(() => {});
	for (const name of names) {
		const value: unknown = Reflect.get(object, name);
		made[name] =
			typeof value === 'function'
				? (...args: unknown[]) => {
						if (isDead()) return never;
						const answer: unknown = Reflect.apply(value, object, args);
						if (!(answer instanceof Promise)) return answer;
						return answer.then(
							(result) => (isDead() ? never : result),
							(error: unknown) => {
								if (isDead()) return never;
								throw error;
							},
						);
					}
				: value;
	}
	return made as T;
}
