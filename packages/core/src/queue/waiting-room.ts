import { type CheckoutPriority, type Clock, ContainerBuilderError, type Lease } from '../spec/index.js';
import type { BuildBook } from './build-book.js';
import type { CheckoutHandle } from './checkout-handle.js';
import type { QueueNews } from './event-log.js';
import { FairLine, type UserLimits } from './fair-line.js';
import { FairShare, type UserUsage } from './fair-share.js';
import { KeepAlive } from './keep-alive.js';
import { type LinePolicy, resolveLinePolicy } from './line-policy.js';
import { LineTeller } from './line-teller.js';
import { MovingAverage } from './moving-average.js';
import type { PlaceNews } from './place-news.js';
import type { WaitingBuild } from './waiting-build.js';

/** What a lease is expected to last before the first has ended. */
const FIRST_EXPECTED_MS = 600_000;

/** What a waiting room is made of. */
export interface WaitingRoomOptions {
	readonly clock: Clock;
	readonly builds: BuildBook;
	readonly publish: (news: QueueNews) => void;
	/** Called when somebody has come or gone. */
	readonly onChange: () => void;
	/** @default first come first served for one user, fair shares for several, no limits */
	readonly policy?: LinePolicy | undefined;
}

/** All who wait: in line, or called already while their builder is told of them. The process lives as long as they do. */
export class WaitingRoom {
	readonly #options: WaitingRoomOptions;
	readonly #share: FairShare;
	readonly #line: FairLine<WaitingBuild>;
	readonly #teller: LineTeller;
	readonly #limitsOf: (user: string) => UserLimits;
	readonly #builds = new Map<string, WaitingBuild>();
	/** With what their users were charged. */
	readonly #called = new Map<WaitingBuild, number>();
	/** By lease id: what it was charged. */
	readonly #leases = new Map<string, { readonly user: string; readonly chargedMs: number }>();
	readonly #durations = new MovingAverage();
	readonly #alive = new KeepAlive();

	constructor(options: WaitingRoomOptions) {
		const { clock } = options;
		const { halfLifeMs, patienceMs, limitsOf, expectedMs } = resolveLinePolicy(options.policy);
		this.#options = options;
		this.#limitsOf = limitsOf;
		this.#share = new FairShare({ halfLifeMs });
		this.#line = new FairLine({
			share: this.#share,
			patienceMs,
			limitsOf,
			expectedMs: expectedMs ?? (() => this.#durations.value ?? FIRST_EXPECTED_MS),
		});
		this.#teller = new LineTeller({ clock, line: this.#line });
	}

	/** How many have no builder yet. */
	get inLine(): number {
		return this.#line.length;
	}

	/** How many of them would have one at once if there were enough: all whom no limit of their user's holds back. */
	get wanted(): number {
		return this.#line.runnable;
	}

	/** First is next. */
	get entries(): readonly WaitingBuild[] {
		return [...this.#called.keys(), ...this.#inOrder()];
	}

	find(buildId: string): WaitingBuild | undefined {
		return this.#builds.get(buildId);
	}

	/** Throws `busy` where the user has as many in line as may be. For what is new: who was in line may come back. */
	checkLimit(user: string): void {
		if (this.#line.mayJoin(user)) return;
		const most = this.#limitsOf(user).waiting;
		throw new ContainerBuilderError('busy', `${user} has ${most} builds waiting, which is the limit`, {
			hint: 'Try again when one of them has begun.',
		});
	}

	/** A new wait, in line or ahead of everybody. */
	enter(
		buildId: string,
		user: string,
		handle: CheckoutHandle,
		where: 'behind' | 'ahead',
		priority: CheckoutPriority = 'normal',
	): void {
		const { clock, publish } = this.#options;
		const entry: WaitingBuild = {
			buildId,
			user,
			priority,
			since: clock.now(),
			handles: new Set(),
			told: undefined,
			letGo: this.#alive.hold(),
		};
		this.#builds.set(buildId, entry);
		if (where === 'ahead') this.#line.joinAhead(entry);
		else this.#line.join(entry);
		publish({ type: 'checkout-start', buildId, user });
		this.join(entry, handle);
	}

	/** One more waits for the same build; it ends when the last of them has left. */
	join(entry: WaitingBuild, handle: CheckoutHandle): void {
		entry.handles.add(handle);
		entry.told = undefined;
		handle.onLeave = () => {
			entry.handles.delete(handle);
			if (entry.handles.size > 0) return;
			this.#options.builds.end(entry.buildId, 'canceled');
			this.#leave(entry, 'left');
		};
		this.#options.onChange();
	}

	/** Calls the next one, if there is one who may run: a builder is about to be told of it. Counts as running from here on. */
	call(): WaitingBuild | undefined {
		const now = this.#options.clock.now();
		const entry = this.#line.next(now);
		if (entry !== undefined) this.#called.set(entry, this.#line.granted(entry.user, now));
		return entry;
	}

	/** Whether it was called and waits still; it may have left meanwhile. */
	isCalled(entry: WaitingBuild): boolean {
		return this.#called.has(entry);
	}

	/** A called one has no builder after all. */
	callBack(entry: WaitingBuild): void {
		if (!this.#uncall(entry)) return;
		this.#line.joinAhead(entry);
		this.#options.onChange();
	}

	/** A called one has its lease. */
	grant(entry: WaitingBuild, lease: Lease): void {
		const chargedMs = this.#called.get(entry);
		this.#called.delete(entry);
		if (chargedMs !== undefined) this.#leases.set(lease.id, { user: entry.user, chargedMs });
		this.#leave(entry, 'granted');
		for (const handle of entry.handles) handle.grant(lease);
	}

	/** A lease from an earlier life of the queue goes on: it counts as running, and is charged when it has ended. */
	adopt(leaseId: string, user: string): void {
		const chargedMs = this.#line.granted(user, this.#options.clock.now(), 0);
		this.#leases.set(leaseId, { user, chargedMs });
	}

	/** A lease has ended, however: its user is charged for what it lasted, and may have another. Nothing for unknown ones. */
	ended(leaseId: string, actualMs: number): void {
		const lease = this.#leases.get(leaseId);
		if (lease === undefined) return;
		this.#leases.delete(leaseId);
		this.#durations.add(actualMs);
		this.#line.ended(lease.user, actualMs, lease.chargedMs, this.#options.clock.now());
		this.#options.onChange();
	}

	/** Ends a wait badly for all who take part in it. */
	fail(entry: WaitingBuild, error: ContainerBuilderError): void {
		const handles = [...entry.handles];
		entry.handles.clear();
		this.#options.builds.end(entry.buildId, error.code === 'canceled' ? 'canceled' : 'failed', error);
		this.#leave(entry, 'failed');
		for (const handle of handles) handle.fail(error);
	}

	/** The same for all in line from a place on, counted from 0. */
	failBehind(count: number, error: ContainerBuilderError): void {
		for (const entry of this.#inOrder().slice(count)) this.fail(entry, error);
	}

	/** Tells those in line, soon, what has changed for them; an estimate alone is no change. */
	tell(newsAt: (place: number) => PlaceNews): void {
		this.#teller.tell(newsAt);
	}

	/** The policy's limits are others now. */
	limitsChanged(): void {
		this.#line.limitsChanged();
		this.#options.onChange();
	}

	/** What users have used lately, for a store. */
	get usage(): readonly UserUsage[] {
		return this.#share.entries(this.#options.clock.now());
	}

	/** Adds what {@link usage} was, so many milliseconds ago. */
	restore(usage: readonly UserUsage[], agoMs: number): void {
		this.#share.restore(usage, this.#options.clock.now() - agoMs);
		this.limitsChanged();
	}

	#inOrder(): readonly WaitingBuild[] {
		return this.#line.order(this.#options.clock.now()).map(({ entry }) => entry);
	}

	/** Whether it was called. Takes back what it was charged. */
	#uncall(entry: WaitingBuild): boolean {
		const chargedMs = this.#called.get(entry);
		if (chargedMs === undefined) return false;
		this.#called.delete(entry);
		this.#line.ended(entry.user, 0, chargedMs, this.#options.clock.now());
		return true;
	}

	#leave(entry: WaitingBuild, outcome: 'granted' | 'left' | 'failed'): void {
		this.#line.leave(entry);
		this.#uncall(entry);
		this.#builds.delete(entry.buildId);
		entry.letGo();
		this.#options.publish({ type: 'checkout-end', buildId: entry.buildId, outcome });
		this.#options.onChange();
	}
}
