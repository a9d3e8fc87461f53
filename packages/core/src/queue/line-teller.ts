import type { Clock } from '../spec/index.js';
import type { FairLine } from './fair-line.js';
import type { PlaceNews } from './place-news.js';
import { SHORT_LINE, tellingInterval } from './telling-interval.js';
import type { WaitingBuild } from './waiting-build.js';

/** Options of {@link LineTeller}. */
export interface LineTellerOptions {
	readonly clock: Clock;
	readonly line: FairLine<WaitingBuild>;
}

/** Tells those in line what has changed for them: not at each change, but soon after. Who is new to a short line hears at once. */
export class LineTeller {
	readonly #options: LineTellerOptions;
	#newsAt: ((place: number) => PlaceNews) | undefined;
	#nextAt = -Infinity;
	#cancel: (() => void) | undefined;

	constructor(options: LineTellerOptions) {
		this.#options = options;
	}

	/** `newsAt` holds until the next call. */
	tell(newsAt: (place: number) => PlaceNews): void {
		const { clock, line } = this.#options;
		this.#newsAt = newsAt;
		const inMs = this.#nextAt - clock.now();
		if (line.length === 0) this.#rest();
		else if (inMs <= 0) this.#tellAll();
		else {
			this.#cancel ??= clock.schedule(() => this.#tellAll(), inMs);
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
	}

	#tellAll(): void {
		const { clock, line } = this.#options;
		this.#rest();
		this.#nextAt = clock.now() + tellingInterval(line.length);
		this.#tell(() => true);
	}

	#tellNew(): void {
		const isNew = ({ told }: WaitingBuild): boolean => told === undefined;
		if (this.#options.line.entries.some(isNew)) this.#tell(isNew);
	}

	#tell(whom: (entry: WaitingBuild) => boolean): void {
		const { clock, line } = this.#options;
		const newsAt = this.#newsAt;
		if (newsAt === undefined) return;
		for (const [index, { entry, reason }] of line.order(clock.now()).entries()) {
			if (!whom(entry)) continue;
			const place = index + 1;
			const news = reason === undefined ? newsAt(place) : { reason };
			// An estimate alone is no change.
			const { told } = entry;
			if (told?.place === place && told.reason === news.reason && told.detail === news.detail) continue;
			entry.told = { type: 'place', place, ...news };
			for (const handle of entry.handles) handle.tell(entry.told);
		}
	}
}
