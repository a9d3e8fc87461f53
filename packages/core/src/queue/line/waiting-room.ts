import { type Clock, ContainerBuilderError, type Json, type Lease } from '../../spec/index.js';
import { KeepAlive } from '../../time/keep-alive.js';
import type { QueueNews } from '../event-log.js';
import type { BuildBook } from '../leases/build-book.js';
import type { CheckoutHandle } from './checkout-handle.js';
import type { LinePolicy } from './line-policy.js';
import type { PlaceNews } from './place-news.js';
import { PoolLines } from './pool-lines.js';
import type { WaitingBuild } from './waiting-build.js';

/** What a waiting room is made of. */
export interface WaitingRoomOptions {
	readonly clock: Clock;
	readonly builds: BuildBook;
	readonly publish: (news: QueueNews) => void;
	/** Called when somebody has come to a pool's line or gone from it. */
	readonly onChange: (pool: string) => void;
	/** @default first come first served for one user, fair shares for several, no limits */
	readonly policy?: LinePolicy | undefined;
}

/**
 * All who wait, a line for each pool: in line, or called already while their builder is told of them. The process lives
 * as long as they do.
 */
export class WaitingRoom {
	readonly #options: WaitingRoomOptions;
	readonly #lines: PoolLines;
	readonly #builds = new Map<string, WaitingBuild>();
	/** With what their users were charged, and when. */
	readonly #called = new Map<WaitingBuild, { readonly chargedMs: number; readonly at: number }>();
	readonly #alive = new KeepAlive();

	constructor(options: WaitingRoomOptions) {
		this.#options = options;
		this.#lines = new PoolLines(options.clock, options.policy);
	}

	/** How many of a pool's line would have a builder at once if there were enough: all whom no limit holds back. */
	wanted(pool: string): number {
		return this.#lines.of(pool).line.runnable;
	}

	/** With their places in the lines of their pools; those that are called are at place 1. First is next. */
	get places(): readonly { readonly entry: WaitingBuild; readonly place: number }[] {
		return [
			...[...this.#called.keys()].map((entry) => ({ entry, place: 1 })),
			...this.#lines.all.flatMap(({ line }) =>
				line.order(this.#options.clock.now()).map(({ entry }, index) => ({ entry, place: index + 1 })),
			),
		];
	}

	/** In no order. */
	get entries(): readonly WaitingBuild[] {
		return [...this.#builds.values()];
	}

	find(buildId: string): WaitingBuild | undefined {
		return this.#builds.get(buildId);
	}

	/** Throws `busy` where the user has as many in line as may be. For what is new: who was in line may come back. */
	checkLimit(user: string): void {
		const most = this.#lines.limitsOf(user).waiting ?? Infinity;
		if (this.#lines.waitingOf(user) < most) return;
		throw new ContainerBuilderError('busy', `${user} has ${most} builds waiting, which is the limit`, {
			hint: 'Try again when one of them has begun.',
		});
	}

	/** A wait for a build that the book knows: where its checkout belongs, or ahead of everybody. */
	enter(buildId: string, handle: CheckoutHandle, where: 'behind' | 'ahead'): void {
		const { clock, publish, builds } = this.#options;
		const build = builds.find(buildId);
		if (build === undefined) throw new TypeError(`there is no build ${buildId}`);
		const { user, pool, priority, architecture } = build;
		const entry: WaitingBuild = {
			...{ buildId, user, pool, priority, architecture },
			since: builds.sinceOf(buildId) ?? clock.now(),
			handles: new Set(),
			told: undefined,
			letGo: this.#alive.hold(),
		};
		this.#builds.set(buildId, entry);
		const { line } = this.#lines.of(pool);
		if (where === 'ahead') line.joinAhead(entry);
		else line.join(entry);
		publish({ type: 'checkout-start', buildId, user });
		this.join(entry, handle);
	}

	/** One more waits for the same build; it ends when the last of them has left. */
	join(entry: WaitingBuild, handle: CheckoutHandle): void {
		entry.handles.add(handle);
		entry.told = undefined;
		handle.onLeave = () => {
			entry.handles.delete(handle);
			if (entry.handles.size > 0 || this.find(entry.buildId) !== entry) return;
			void this.#options.builds.end(entry.buildId, 'canceled');
			this.#leave(entry, 'left');
		};
		this.#options.onChange(entry.pool);
	}

	/** Calls the next of a pool's line, if there is one who may run: a builder is about to be told of it. Counts as running from here on. */
	call(pool: string): WaitingBuild | undefined {
		const at = this.#options.clock.now();
		const entry = this.#lines.of(pool).line.next(at);
		if (entry !== undefined) {
			this.#called.set(entry, { chargedMs: this.#lines.granted(pool, entry.user), at });
		}
		return entry;
	}

	/** Whether it was called and waits still; it may have left meanwhile. */
	isCalled(entry: WaitingBuild): boolean {
		return this.#called.has(entry);
	}

	/** A called one has no builder after all. */
	callBack(entry: WaitingBuild): void {
		if (!this.#uncall(entry)) return;
		this.#lines.of(entry.pool).line.joinAhead(entry);
		this.#options.onChange(entry.pool);
	}

	/** A called one has its lease. */
	grant(entry: WaitingBuild, lease: Lease): void {
		const call = this.#called.get(entry);
		this.#called.delete(entry);
		if (call !== undefined) this.#lines.book(lease.id, { ...entry, chargedMs: call.chargedMs });
		this.#leave(entry, 'granted');
		for (const handle of entry.handles) handle.grant(lease);
	}

	/**
	 * A lease from an earlier life of the queue, of that age, goes on: it counts as running, and is charged when it has
	 * ended.
	 */
	adopt(leaseId: string, pool: string, user: string, ageMs: number): void {
		this.#lines.goesOn(leaseId, pool, user, this.#options.clock.now() - ageMs);
	}

	/** A lease has ended, however: its user is charged for what it lasted, and may have another. Nothing for unknown ones. */
	ended(leaseId: string, actualMs: number): void {
		if (!this.#lines.ended(leaseId, actualMs)) return;
		for (const pool of this.#lines.pools) this.#options.onChange(pool);
	}

	/** Ends a wait badly for all who take part in it. */
	fail(entry: WaitingBuild, error: ContainerBuilderError): void {
		const state = error.code === 'canceled' ? 'canceled' : 'failed';
		void this.#options.builds.end(entry.buildId, state, error);
		this.#leave(entry, 'failed');
		for (const handle of entry.handles) handle.fail(error);
	}

	/** The same for all in a pool's line from a place on, counted from 0. */
	failBehind(pool: string, count: number, error: ContainerBuilderError): void {
		const order = this.#lines.of(pool).line.order(this.#options.clock.now());
		for (const { entry } of order.slice(count)) this.fail(entry, error);
	}

	/** Ends a wait for those who take part in it, but not the build: another process goes on with it. */
	dismiss(entry: WaitingBuild, error: ContainerBuilderError): void {
		this.#leave(entry, 'left');
		for (const handle of entry.handles) handle.fail(error);
	}

	/** Tells those in a pool's line, soon, what has changed for them; an estimate alone is no change. */
	tell(pool: string, newsAt: (place: number) => PlaceNews): void {
		this.#lines.of(pool).teller.tell(newsAt);
	}

	/** Another policy, or other limits by the one that there is. Usage counts on. */
	configure(policy: LinePolicy): void {
		this.#lines.configure(policy);
		for (const pool of this.#lines.pools) this.#options.onChange(pool);
	}

	/** What users have used lately, for a store. */
	get usage(): Json {
		return this.#lines.usage;
	}

	/** Adds what {@link usage} was. */
	restore(usage: Json | undefined): void {
		this.#lines.restore(usage);
	}

	/** Tells nobody anything any more. */
	close(): void {
		for (const { teller } of this.#lines.all) teller.close();
	}

	/** Whether it was called. Takes back what it was charged. */
	#uncall(entry: WaitingBuild): boolean {
		const call = this.#called.get(entry);
		if (call === undefined) return false;
		this.#called.delete(entry);
		this.#lines.takeBack(entry.pool, entry.user, call.chargedMs, call.at);
		return true;
	}

	#leave(entry: WaitingBuild, outcome: 'granted' | 'left' | 'failed'): void {
		this.#lines.of(entry.pool).line.leave(entry);
		this.#uncall(entry);
		this.#builds.delete(entry.buildId);
		entry.letGo();
		this.#options.publish({ type: 'checkout-end', buildId: entry.buildId, outcome });
		this.#options.onChange(entry.pool);
	}
}
