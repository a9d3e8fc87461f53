import type { Clock } from '../../spec/index.js';
import type { FairLine } from './fair-line.js';
import type { LinePlace } from './line-order.js';
import type { PlaceNews } from './place-news.js';
import { SHORT_LINE, tellingInterval } from './telling-interval.js';
import type { WaitingBuild } from './waiting-build.js';

type NewsAt = (place: number) => PlaceNews;

/** Options of {@link LineTeller}. */
export interface LineTellerOptions {
	readonly clock: Clock;
	readonly line: FairLine<WaitingBuild>;
}

/** As many are told before others have a turn: to tell thousands takes longer than a grant may wait. */
const AT_A_TIME = 25;
/** A round that takes longer than the time between two is not cut short; the next one is tried so much later. */
const LATER_MS = 100;

/** Tells those in line what has changed for them: not at each change, but soon after. Who is new to a short line hears at once. */
export class LineTeller {
	readonly #options: LineTellerOptions;
	#newsAt: NewsAt | undefined;
	#nextAt = -Infinity;
	#cancel: (() => void) | undefined;
	/** Of the round that is under way. */
	#cancelRest: (() => void) | undefined;

	constructor(options: LineTellerOptions) {
		this.#options = options;
	}

	/** `newsAt` holds until the next call. */
	tell(newsAt: NewsAt): void {
		const { clock, line } = this.#options;
		this.#newsAt = newsAt;
		const inMs = this.#nextAt - clock.now();
		if (line.length === 0) this.#rest();
		else if (inMs <= 0 && this.#cancelRest === undefined) this.#tellAll();
		else {
			this.#cancel ??= clock.schedule(() => this.#tellAll(), Math.max(inMs, 0));
			if (line.length <= SHORT_LINE) this.#tellNew();
		}
	}

	/** Tells nobody any more. */
	close(): void {
		this.#newsAt = undefined;
		this.#rest();
	}

	#rest(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		this.#cancelRest?.();
		this.#cancelRest = undefined;
	}

	#tellAll(): void {
		const { clock, line } = this.#options;
		this.#cancel?.();
		this.#cancel = undefined;
		if (this.#cancelRest !== undefined) {
			this.#cancel = clock.schedule(() => this.#tellAll(), LATER_MS);
			return;
		}
		this.#nextAt = clock.now() + tellingInterval(line.length);
		if (this.#newsAt !== undefined) this.#tellFrom(0, line.order(clock.now()), this.#newsAt);
	}

	/** Those who were in line when the round began; of the rest in the next turn of the event loop. */
	#tellFrom(start: number, order: readonly LinePlace<WaitingBuild>[], newsAt: NewsAt): void {
		const end = start + AT_A_TIME;
		for (const [index, place] of order.slice(start, end).entries()) {
			this.#tellOne(place, start + index + 1, newsAt);
		}
		const goOn = (): void => this.#tellFrom(end, order, newsAt);
		this.#cancelRest = end < order.length ? this.#options.clock.schedule(goOn, 0) : undefined;
	}

	#tellNew(): void {
		const { clock, line } = this.#options;
		const newsAt = this.#newsAt;
		const isNew = ({ told }: WaitingBuild): boolean => told === undefined;
		if (newsAt === undefined || !line.entries.some(isNew)) return;
		for (const [index, place] of line.order(clock.now()).entries()) {
			if (isNew(place.entry)) this.#tellOne(place, index + 1, newsAt);
		}
	}

	#tellOne({ entry, reason }: LinePlace<WaitingBuild>, place: number, newsAt: NewsAt): void {
		const news = reason === undefined ? newsAt(place) : { reason };
		if (entry.told !== undefined && isSame(entry.told, { place, ...news })) return;
		entry.told = { type: 'place', place, ...news };
		for (const handle of entry.handles) handle.tell(entry.told);
	}
}

type PlaceTold = PlaceNews & { readonly place: number };

/** An estimate alone is no change, nor is that another builds. */
function isSame(a: PlaceTold, b: PlaceTold): boolean {
	return a.place === b.place && a.reason === b.reason && a.detail === b.detail && a.starting === b.starting;
}
