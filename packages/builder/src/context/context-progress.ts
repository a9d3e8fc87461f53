import type { Clock } from '@olcf/container-builder-core';
import type { EventLog } from '../build/event-log.js';

/** What arrives of a context is told at least so often, though it be little: others wait for it. */
const REPORT_MS = 10_000;

/** Tells how much of a context has arrived: each twentieth of it, and what there is after a while. */
export class ContextProgress {
	readonly #size: number;
	readonly #clock: Clock;
	readonly #events: Pick<EventLog, 'append'>;
	#toldBytes = 0;
	#toldAt: number;

	constructor(size: number, { clock, events }: { clock: Clock; events: Pick<EventLog, 'append'> }) {
		this.#size = size;
		this.#clock = clock;
		this.#events = events;
		this.#toldAt = clock.now();
	}

	/** So many bytes have arrived. */
	report(receivedBytes: number): void {
		const size = this.#size;
		const fresh = receivedBytes - this.#toldBytes;
		const isSoon = fresh < size / 20 && this.#clock.now() - this.#toldAt < REPORT_MS;
		if (fresh === 0 || (isSoon && receivedBytes < size)) return;
		this.#toldBytes = receivedBytes;
		this.#toldAt = this.#clock.now();
		this.#events.append({ type: 'context', receivedBytes, size });
	}
}
