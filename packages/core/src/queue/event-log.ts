import { TypedEventEmitter } from '../events/typed-event-emitter.js';
import type { Emitter, QueueEvent, QueueEventMap } from '../spec/index.js';

/** An event before it has its number. */
export type QueueNews = QueueEvent extends infer E
	? E extends QueueEvent
		? Omit<E, 'sequence' | 'time'>
		: never
	: never;

/** How many events are kept for those who come later. */
const KEPT_EVENTS = 1_000;

/** The numbered events of a queue: told to listeners at once, kept for a while, watched by anybody. */
export class EventLog {
	readonly #emitter = new TypedEventEmitter<QueueEventMap>();
	readonly #kept: QueueEvent[] = [];
	readonly #readers = new Set<{ now: () => void }>();
	#sequence = 0;
	#ended = false;

	/** For those who only listen. */
	get emitter(): Emitter<QueueEventMap> {
		return this.#emitter;
	}

	publish(news: QueueNews): void {
		if (this.#ended) return;
		const event: QueueEvent = { ...news, sequence: ++this.#sequence, time: new Date().toISOString() };
		this.#kept.push(event);
		if (this.#kept.length > KEPT_EVENTS) this.#kept.shift();
		this.#wake();
		this.#emitter.emit('event', event);
		if (event.type === 'builder-ready') this.#emitter.emit(event.type, event);
		else if (event.type === 'builder-failed') this.#emitter.emit(event.type, event);
		else if (event.type === 'builder-gone') this.#emitter.emit(event.type, event);
		else if (event.type === 'lease-start') this.#emitter.emit(event.type, event);
		else if (event.type === 'lease-end') this.#emitter.emit(event.type, event);
	}

	/**
	 * The events behind number `after` as far as they are kept, then those that come; without `after` only these. Who
	 * reads too slowly misses what is no longer kept.
	 */
	async *watch(after: number | undefined, signal: AbortSignal | undefined): AsyncIterable<QueueEvent> {
		// A number that is yet to come is of a queue that ran before.
		let seen = after === undefined ? this.#sequence : after > this.#sequence ? 0 : after;
		const wake = { now: (): void => {} };
		const onAbort = (): void => wake.now();
		signal?.addEventListener('abort', onAbort, { once: true });
		this.#readers.add(wake);
		try {
			while (!signal?.aborted) {
				const oldest = this.#kept[0]?.sequence ?? 1;
				const event = this.#kept[Math.max(0, seen + 1 - oldest)];
				if (event !== undefined) {
					seen = event.sequence;
					yield event;
				} else if (this.#ended) return;
				else {
					await new Promise<void>((resolve) => {
						wake.now = resolve;
					});
				}
			}
		} finally {
			signal?.removeEventListener('abort', onAbort);
			this.#readers.delete(wake);
		}
	}

	/** No more events; who watches reads to the end. */
	end(): void {
		this.#ended = true;
		this.#wake();
	}

	#wake(): void {
		for (const reader of this.#readers) reader.now();
	}
}
