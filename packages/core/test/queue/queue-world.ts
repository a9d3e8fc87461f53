import {
	BuilderQueue,
	type BuilderQueueOptions,
	type Checkout,
	type CheckoutEvent,
	type Lease,
	type QueueEvent,
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

/** A queue over a scripted provider, with time in one's hand. */
export interface QueueWorld extends AsyncDisposable {
	readonly clock: VirtualClock;
	readonly provider: FakeProvider;
	readonly transport: MemoryTransport;
	readonly queue: BuilderQueue;
	readonly events: readonly QueueEvent[];
	/** By builder id. */
	readonly daemons: ReadonlyMap<string, ScriptedDaemon>;
	/** Lets promises settle, then time pass. */
	advance(ms?: number): Promise<void>;
	/** The lease of a checkout that must be granted by now. */
	leaseOf(checkout: Checkout): Promise<Lease>;
}

/** What a world is made of. */
export interface WorldOptions {
	readonly provider?: FakeProviderScript;
	readonly queue?: Partial<BuilderQueueOptions>;
	readonly daemon?: (index: number) => DaemonScript;
}

export function queueWorld(options: WorldOptions = {}): QueueWorld {
	const clock = virtualClock();
	const transport = memoryTransport({ clock });
	const daemons = new Map<string, ScriptedDaemon>();
	const provider = fakeProvider({
		clock,
		onBoot: async (machine, bootstrap) => {
			if (machine.endpoint === undefined) throw new TypeError('a machine without an endpoint');
			const script = options.daemon?.(daemons.size);
			const daemon = await ScriptedDaemon.start(transport, machine.endpoint, bootstrap, script);
			daemons.set(machine.builderId, daemon);
			return daemon;
		},
		...options.provider,
	});
	const queue = new BuilderQueue({
		provider,
		transports: [transport],
		owner: 'test',
		user: 'tester',
		clock,
		...options.queue,
	});
	const events: QueueEvent[] = [];
	queue.on('event', (event) => events.push(event));
	const advance = async (ms = 0): Promise<void> => {
		await clock.advance(ms);
		// Promise chains that cross the two sides of a channel may take more than one turn.
		await clock.advance(0);
	};
	return {
		clock,
		provider,
		transport,
		queue,
		events,
		daemons,
		advance,
		leaseOf: async (checkout) => {
			const waiting = Symbol('waiting');
			const grant = await Promise.race([checkout.granted, advance().then(() => waiting)]);
			if (typeof grant === 'symbol') throw new Error(`${checkout.buildId} still waits`);
			return grant.lease;
		},
		[Symbol.asyncDispose]: async () => {
			const closing = queue.close().catch(() => {});
			await clock.runAll();
			await closing;
			await provider[Symbol.asyncDispose]();
		},
	};
}

/** Collects what a checkout tells. */
export function newsOf(checkout: Checkout): CheckoutEvent[] {
	const news: CheckoutEvent[] = [];
	void (async () => {
		for await (const event of checkout) news.push(event);
	})();
	return news;
}

/** An id that a checkout may have. */
export function buildId(number: number): string {
	return `build-${String(number).padStart(4, '0')}`;
}
