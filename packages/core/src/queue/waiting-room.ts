import type { Clock, ContainerBuilderError, Lease } from '../spec/index.js';
import type { BuildBook } from './build-book.js';
import type { CheckoutHandle } from './checkout-handle.js';
import { CheckoutLine, type WaitingBuild } from './checkout-line.js';
import type { QueueNews } from './event-log.js';
import { KeepAlive } from './keep-alive.js';
import type { PlaceNews } from './place-news.js';

/** What a waiting room is made of. */
export interface WaitingRoomOptions {
	readonly clock: Clock;
	readonly builds: BuildBook;
	readonly publish: (news: QueueNews) => void;
	/** Called when somebody has come or gone. */
	readonly onChange: () => void;
}

/** All who wait: in line, or called already while their builder is told of them. The process lives as long as they do. */
export class WaitingRoom {
	readonly #options: WaitingRoomOptions;
	readonly #line = new CheckoutLine();
	readonly #called = new Set<WaitingBuild>();
	readonly #alive = new KeepAlive();

	constructor(options: WaitingRoomOptions) {
		this.#options = options;
	}

	/** How many have no builder yet. */
	get inLine(): number {
		return this.#line.length;
	}

	/** First is next. */
	get entries(): readonly WaitingBuild[] {
		return [...this.#called, ...this.#line.entries];
	}

	find(buildId: string): WaitingBuild | undefined {
		return this.entries.find((entry) => entry.buildId === buildId);
	}

	/** A new wait, at the end of the line or ahead of everybody. */
	enter(buildId: string, user: string, handle: CheckoutHandle, where: 'behind' | 'ahead'): void {
		const { clock, publish } = this.#options;
		const entry: WaitingBuild = {
			buildId,
			user,
			since: clock.now(),
			handles: new Set(),
			told: '',
			letGo: this.#alive.hold(),
		};
		if (where === 'ahead') this.#line.joinAhead(entry);
		else this.#line.join(entry);
		publish({ type: 'checkout-start', buildId, user });
		this.join(entry, handle);
	}

	/** One more waits for the same build; it ends when the last of them has left. */
	join(entry: WaitingBuild, handle: CheckoutHandle): void {
		entry.handles.add(handle);
		entry.told = '';
		handle.onLeave = () => {
			entry.handles.delete(handle);
			if (entry.handles.size > 0) return;
			this.#options.builds.end(entry.buildId, 'canceled');
			this.#leave(entry, 'left');
		};
		this.#options.onChange();
	}

	/** Calls the next one: a builder is about to be told of it. */
	call(): WaitingBuild | undefined {
		const entry = this.#line.next();
		if (entry !== undefined) this.#called.add(entry);
		return entry;
	}

	/** Whether it was called and waits still; it may have left meanwhile. */
	isCalled(entry: WaitingBuild): boolean {
		return this.#called.has(entry);
	}

	/** A called one has no builder after all. */
	callBack(entry: WaitingBuild): void {
		if (!this.#called.delete(entry)) return;
		this.#line.joinAhead(entry);
		this.#options.onChange();
	}

	/** A called one has its lease. */
	grant(entry: WaitingBuild, lease: Lease): void {
		this.#leave(entry, 'granted');
		for (const handle of entry.handles) handle.grant(lease);
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
		for (const entry of this.#line.entries.slice(count)) this.fail(entry, error);
	}

	/** Tells those in line what has changed for them; an estimate alone is no change. */
	tell(newsAt: (place: number) => PlaceNews): void {
		for (const [index, entry] of this.#line.entries.entries()) {
			const place = index + 1;
			const news = newsAt(place);
			const told = JSON.stringify([place, news.reason, news.detail]);
			if (told === entry.told) continue;
			entry.told = told;
			for (const handle of entry.handles) handle.tell({ type: 'place', place, ...news });
		}
	}

	#leave(entry: WaitingBuild, outcome: 'granted' | 'left' | 'failed'): void {
		this.#line.leave(entry);
		this.#called.delete(entry);
		entry.letGo();
		this.#options.publish({ type: 'checkout-end', buildId: entry.buildId, outcome });
		this.#options.onChange();
	}
}
