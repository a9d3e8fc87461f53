import { briefDuration } from './brief-duration.js';
import { formatSize } from './format-size.js';

/** What the rate is measured over: long enough not to flicker, short enough to follow the network. */
const WINDOW_MS = 5_000;
/** Before that there is no rate worth telling. */
const FIRST_MS = 500;
const CELLS = 20;

/** How far a transfer is, how fast it goes and how long it will take; a new one for each transfer. */
export class TransferMeter {
	readonly #now: () => number;
	readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
	}

	/** `[#####---------------] 25 %, 512.0 MiB of 2.0 GiB, 85.0 MiB/s, 18 s left`; rate and time when they are known. */
	describe(bytes: number, size: number): string {
		const at = this.#now();
		this.#samples.push({ at, bytes });
		while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) <= at - WINDOW_MS) this.#samples.shift();
		const first = this.#samples[0] ?? { at, bytes };
		const share = size === 0 ? 1 : Math.min(1, bytes / size);
		const cells = Math.floor(share * CELLS);
		const parts = [
			`[${'#'.repeat(cells)}${'-'.repeat(CELLS - cells)}] ${Math.floor(share * 100)} %`,
			`${formatSize(bytes)} of ${formatSize(size)}`,
		];
		const elapsedMs = at - first.at;
		if (elapsedMs < FIRST_MS) return parts.join(', ');
		const rate = (bytes - first.bytes) / (elapsedMs / 1000);
		if (rate <= 0) return [...parts, 'stalled'].join(', ');
		const leftMs = ((size - bytes) / rate) * 1000;
		return [...parts, `${formatSize(Math.round(rate))}/s`, `${briefDuration(leftMs)} left`].join(', ');
	}
}
